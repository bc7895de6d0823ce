/* Loaded before libc (LD_PRELOAD): numbers what a command changes below a folder, and acts at chosen numbers.
 *
 * TRAP_UNDER   the folder; only what happens below it is numbered (calls on pipes and sockets too where it is "*")
 * TRAP_STATE   a file that all processes share: the lock and the number of the last call
 * TRAP_WHO     a part of the command line; other processes are left alone
 * TRAP_LOG     where every call is written down, see `write_log.py`
 * TRAP_SKIP    "file " or "folder " and a pattern of fnmatch(3) over paths below the folder: syncs of these are answered
 *              with 0 and not made
 * TRAP_STOP    the number at which the process stops itself (SIGSTOP), before the call; after half of it where it
 *              writes and TRAP_HALF is set
 * TRAP_IMAGE, TRAP_COPIES, TRAP_EVERY, TRAP_FIRST
 *              before each call of number FIRST + n * EVERY the image is copied to COPIES/NUMBER, holes left out
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, CREATE, RENAME, EXCHANGE, UNLINK, MKDIR, RMDIR, SYNC, LINK, SAID };

struct shared { union { pthread_mutex_t lock; char room[4080]; }; uint64_t ready, number; };
struct record { uint32_t kind, pid; uint64_t number, offset; uint32_t first, second; uint64_t data; };

static struct shared *shared;
static const char *under, *skip, *image, *copies;
static size_t under_length;
static int log_fd = -1, half;
static uint64_t stop_at, every, first;

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static uint64_t number_of(const char *name) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : 0;
}

static int called(const char *who) {
  char line[8192];
  int fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? 0 : syscall(SYS_read, fd, line, sizeof line - 1);
  if (fd >= 0) syscall(SYS_close, fd);
  if (got <= 0) return 0;
  line[got] = 0;
  for (ssize_t at = 0; at < got; at++) if (!line[at]) line[at] = ' ';
  return strstr(line, who) != NULL;
}

__attribute__((constructor)) static void begin(void) {
  const char *state = getenv("TRAP_STATE"), *who = getenv("TRAP_WHO"), *log = getenv("TRAP_LOG");
  under = getenv("TRAP_UNDER");
  if (!state || !under || (who && *who && !called(who))) return;
  int fd = syscall(SYS_openat, AT_FDCWD, state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  syscall(SYS_flock, fd, LOCK_EX);
  syscall(SYS_ftruncate, fd, 4096);
  struct shared *found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (found != MAP_FAILED && !found->ready) {
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&found->lock, &kind);
    found->ready = 1;
  }
  syscall(SYS_close, fd);
  if (found == MAP_FAILED) return;
  if (log && *log) {
    fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_fd = fd < 0 ? -1 : syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200);
    if (fd >= 0) syscall(SYS_close, fd);
  }
  under_length = strlen(under);
  skip = getenv("TRAP_SKIP");
  image = getenv("TRAP_IMAGE");
  copies = getenv("TRAP_COPIES");
  stop_at = number_of("TRAP_STOP");
  half = number_of("TRAP_HALF") != 0;
  every = number_of("TRAP_EVERY");
  first = number_of("TRAP_FIRST");
  shared = found;
}

static void lock(void) { if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) pthread_mutex_consistent(&shared->lock); }
static void unlock(void) { pthread_mutex_unlock(&shared->lock); }

static void note(int kind, const char *path, const char *other, uint64_t offset, const void *data, uint64_t size) {
  if (log_fd < 0) return;
  struct record head = {kind, getpid(), shared->number, offset, path ? strlen(path) : 0, other ? strlen(other) : 0, size};
  struct iovec parts[] = {{&head, sizeof head}, {(void *) path, head.first}, {(void *) other, head.second}, {(void *) data, size}};
  uint64_t whole = sizeof head + head.first + head.second + size, sent = 0;
  for (int part = 0; sent < whole && part < 4; part++) {
    for (size_t at = 0; at < parts[part].iov_len;) {
      ssize_t got = syscall(SYS_write, log_fd, (char *) parts[part].iov_base + at, parts[part].iov_len - at);
      if (got <= 0) return;
      at += got;
    }
    sent += parts[part].iov_len;
  }
}

/* The file that the synced descriptor leads to, whole: what numpy writes through stdio can't be seen as it is written. */
static void note_synced(int fd, const char *path) {
  struct stat status;
  if (log_fd < 0) return;
  if (syscall(SYS_fstat, fd, &status) || !S_ISREG(status.st_mode)) { note(SYNC, path, NULL, 0, NULL, 0); return; }
  char *data = malloc(status.st_size + 1), link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int again = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
  ssize_t got = 0;
  while (data && again >= 0 && got < status.st_size) {
    ssize_t more = syscall(SYS_pread64, again, data + got, status.st_size - got, got);
    if (more <= 0) break;
    got += more;
  }
  if (again >= 0) syscall(SYS_close, again);
  note(SYNC, path, "file", 0, data, got);
  free(data);
}

static void copy_image(void) {
  char name[PATH_MAX], block[65536];
  snprintf(name, sizeof name, "%s/%llu", copies, (unsigned long long) shared->number);
  int from = syscall(SYS_openat, AT_FDCWD, image, O_RDONLY | O_CLOEXEC);
  int to = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  off_t size = syscall(SYS_lseek, from, 0, SEEK_END), at = 0;
  syscall(SYS_ftruncate, to, size);
  while (from >= 0 && to >= 0 && at < size) {
    off_t data = syscall(SYS_lseek, from, at, SEEK_DATA);
    if (data < 0) break;
    off_t hole = syscall(SYS_lseek, from, data, SEEK_HOLE);
    for (at = data; at < hole;) {
      ssize_t got = syscall(SYS_pread64, from, block, hole - at < (off_t) sizeof block ? hole - at : (off_t) sizeof block, at);
      if (got <= 0) break;
      syscall(SYS_pwrite64, to, block, got, at);
      at += got;
    }
    at = hole;
  }
  syscall(SYS_close, from);
  syscall(SYS_close, to);
}

/* Give the call its number, under the lock, which is held until `after`. 1: stop when half of it is done. */
static int before(int writes) {
  lock();
  shared->number++;
  if (every && image && copies && shared->number >= first && (shared->number - first) % every == 0) copy_image();
  if (!stop_at || shared->number != stop_at) return 0;
  if (half && writes) return 1;
  unlock();
  raise(SIGSTOP);
  lock();
  return 0;
}

static void after(void) { int kept = errno; unlock(); errno = kept; }

static int is_below(const char *path) {
  return !strncmp(path, under, under_length) && (path[under_length] == '/' || !path[under_length]);
}

/* Where a descriptor leads, if it is to be numbered. */
static int of_fd(int fd, char *path) {
  if (!shared) return 0;
  int kept = errno;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  errno = kept;
  if (got <= 0) return 0;
  path[got] = 0;
  if (under[0] == '*' && !under[1]) return fd != log_fd && strncmp(path, "/dev/", 5);
  return is_below(path);
}

/* The absolute path of what a call names; its last part is left as it is, links in it too. */
static int of_name(int at, const char *name, char *path) {
  if (!shared || !name) return 0;
  int kept = errno;
  char whole[PATH_MAX], folder[PATH_MAX];
  if (name[0] == '/') snprintf(whole, sizeof whole, "%s", name);
  else {
    char link[64];
    if (at == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, link, folder, sizeof folder - 1);
    if (got <= 0) { errno = kept; return 0; }
    folder[got] = 0;
    if (snprintf(whole, sizeof whole, "%s/%s", folder, name) >= (int) sizeof whole) { errno = kept; return 0; }
  }
  errno = kept;
  size_t length = strlen(whole);
  while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
  snprintf(path, PATH_MAX, "%s", whole);
  return (under[0] == '*' && !under[1]) || is_below(path);
}

static int is_skipped(int fd, const char *path) {
  struct stat status;
  if (!skip || !*skip || !is_below(path) || syscall(SYS_fstat, fd, &status)) return 0;
  const char *kind = S_ISREG(status.st_mode) ? "file " : "folder ", *name = path + under_length + (path[under_length] == '/');
  return !strncmp(skip, kind, strlen(kind)) && !fnmatch(skip + strlen(kind), *name ? name : ".", FNM_PATHNAME | FNM_PERIOD);
}

static void said(int fd, const void *data, size_t size) {
  if (!shared || log_fd < 0 || (fd != 1 && fd != 2)) return;
  int kept = errno;
  lock();
  note(SAID, NULL, NULL, fd, data, size);
  unlock();
  errno = kept;
}

ssize_t write(int fd, const void *data, size_t size) {
  char path[PATH_MAX];
  if (!of_fd(fd, path)) { said(fd, data, size); return REAL(write)(fd, data, size); }
  int stops = before(1);
  off_t at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
  int flags = syscall(SYS_fcntl, fd, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND)) { struct stat status; if (!syscall(SYS_fstat, fd, &status)) at = status.st_size; }
  ssize_t done;
  if (stops && size > 1) {
    done = REAL(write)(fd, data, size / 2);
    unlock(); raise(SIGSTOP); lock();
    if (done > 0) { ssize_t rest = REAL(write)(fd, (char *) data + done, size - done); if (rest > 0) done += rest; }
  } else done = REAL(write)(fd, data, size);
  if (done > 0) note(WRITE, path, NULL, at, data, done);
  after();
  return done;
}

static ssize_t written_at(int fd, const void *data, size_t size, off_t at, const char *path) {
  int stops = before(1);
  ssize_t done;
  if (stops && size > 1) {
    done = syscall(SYS_pwrite64, fd, data, size / 2, at);
    unlock(); raise(SIGSTOP); lock();
    if (done > 0) { ssize_t rest = syscall(SYS_pwrite64, fd, (char *) data + done, size - done, at + done); if (rest > 0) done += rest; }
  } else done = syscall(SYS_pwrite64, fd, data, size, at);
  if (done > 0) note(WRITE, path, NULL, at, data, done);
  after();
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  char path[PATH_MAX];
  return of_fd(fd, path) ? written_at(fd, data, size, at, path) : REAL(pwrite64)(fd, data, size, at);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  char path[PATH_MAX];
  return of_fd(fd, path) ? written_at(fd, data, size, at, path) : REAL(pwrite)(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  char path[PATH_MAX];
  if (!of_fd(fd, path)) return REAL(writev)(fd, parts, count);
  ssize_t sum = 0;
  for (int part = 0; part < count; part++) {
    if (!parts[part].iov_len) continue;
    ssize_t done = write(fd, parts[part].iov_base, parts[part].iov_len);
    if (done < 0) return sum ? sum : done;
    sum += done;
    if ((size_t) done < parts[part].iov_len) break;
  }
  return sum;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  char path[PATH_MAX];
  if (!of_fd(fd, path)) return REAL(sendmsg)(fd, message, flags);
  before(0);
  ssize_t done = REAL(sendmsg)(fd, message, flags);
  after();
  return done;
}

ssize_t sendfile64(int, int, off64_t *, size_t);
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
  char path[PATH_MAX];
  if (!of_fd(to, path)) return REAL(sendfile64)(to, from, at, size);
  errno = EINVAL; /* Python copies by read and write then, which is seen */
  return -1;
}
ssize_t sendfile(int, int, off_t *, size_t);
ssize_t sendfile(int to, int from, off_t *at, size_t size) { return sendfile64(to, from, (off64_t *) at, size); }

ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t size, unsigned flags) {
  char path[PATH_MAX];
  if (!of_fd(to, path)) return REAL(copy_file_range)(from, in, to, out, size, flags);
  errno = EINVAL;
  return -1;
}

static int opened(int at, const char *name, int flags, mode_t mode) {
  char path[PATH_MAX];
  int changes = (flags & (O_CREAT | O_TRUNC)) && !((flags & O_TMPFILE) == O_TMPFILE);
  if (!changes || !of_name(at, name, path)) return syscall(SYS_openat, at, name, flags, mode);
  before(0);
  int there = syscall(SYS_faccessat, at, name, F_OK) == 0;
  int fd = syscall(SYS_openat, at, name, flags, mode);
  if (fd >= 0 && !there) note(CREATE, path, NULL, 0, NULL, 0);
  else if (fd >= 0 && (flags & O_TRUNC)) note(TRUNCATE, path, NULL, 0, NULL, 0);
  after();
  return fd;
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int at, const char *name, int flags, ...) { MODE return opened(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE return opened(at, name, flags | O_LARGEFILE, mode); }

static int cut(int fd, off_t size) {
  char path[PATH_MAX];
  if (!of_fd(fd, path)) return syscall(SYS_ftruncate, fd, size);
  before(0);
  int done = syscall(SYS_ftruncate, fd, size);
  if (!done) note(TRUNCATE, path, NULL, size, NULL, 0);
  after();
  return done;
}
int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

static int moved(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  char old[PATH_MAX], new[PATH_MAX];
  int counts = of_name(from_at, from, old) | of_name(to_at, to, new);
  if (!counts) return syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  before(0);
  int done = syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  if (!done) note(flags & 2 ? EXCHANGE : RENAME, old, new, 0, NULL, 0);
  after();
  return done;
}
int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return moved(a, from, b, to, flags); }

static int removed(int at, const char *name, int flags) {
  char path[PATH_MAX];
  if (!of_name(at, name, path)) return syscall(SYS_unlinkat, at, name, flags);
  before(0);
  int done = syscall(SYS_unlinkat, at, name, flags);
  if (!done) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, path, NULL, 0, NULL, 0);
  after();
  return done;
}
int unlink(const char *name) { return removed(AT_FDCWD, name, 0); }
int unlinkat(int at, const char *name, int flags) { return removed(at, name, flags); }
int rmdir(const char *name) { return removed(AT_FDCWD, name, AT_REMOVEDIR); }

static int made(int at, const char *name, mode_t mode) {
  char path[PATH_MAX];
  if (!of_name(at, name, path)) return syscall(SYS_mkdirat, at, name, mode);
  before(0);
  int done = syscall(SYS_mkdirat, at, name, mode);
  if (!done) note(MKDIR, path, NULL, 0, NULL, 0);
  after();
  return done;
}
int mkdir(const char *name, mode_t mode) { return made(AT_FDCWD, name, mode); }
int mkdirat(int at, const char *name, mode_t mode) { return made(at, name, mode); }

int link(const char *from, const char *to) {
  char old[PATH_MAX], new[PATH_MAX];
  if (!(of_name(AT_FDCWD, from, old) | of_name(AT_FDCWD, to, new))) return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
  before(0);
  int done = syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (!done) note(LINK, old, new, 0, NULL, 0);
  after();
  return done;
}

static int synced(int fd, int call) {
  char path[PATH_MAX];
  if (!of_fd(fd, path)) return syscall(call, fd);
  before(0);
  int skipped = is_skipped(fd, path), done = skipped ? 0 : syscall(call, fd);
  if (!done && !skipped) note_synced(fd, path);
  after();
  return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
