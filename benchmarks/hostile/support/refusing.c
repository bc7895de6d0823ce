/* Loaded before libc (LD_PRELOAD): lets what a command changes below a folder fail, as a full or broken disk does.
 *
 * REFUSE_UNDER    the folder: what happens elsewhere is left alone
 * REFUSE_STATE    a file of 8 bytes that all processes share: how many calls were made
 * REFUSE_AT       the number of the call that fails, from 1; 0: none, they are only counted
 * REFUSE_LASTING  set: every later call fails too, as on a disk that stays full
 * REFUSE_ERRNO    with which error
 * REFUSE_LACKING  what the file system hasn't: "sharing" (files can't be mapped by several processes), "modes",
 *                 "locks" (of fcntl and flock)
 * REFUSE_READING  a pattern of fnmatch(3) over paths below the folder: reading those fails with EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static uint64_t *made;
static const char *under, *reading, *lacking;
static size_t under_length;
static uint64_t at;
static int lasting, error;

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  const char *state = getenv("REFUSE_STATE"), *number = getenv("REFUSE_AT"), *with = getenv("REFUSE_ERRNO");
  under = getenv("REFUSE_UNDER");
  reading = getenv("REFUSE_READING");
  lacking = getenv("REFUSE_LACKING");
  if (!under) return;
  under_length = strlen(under);
  if (!state || !number || !with) return;
  at = strtoull(number, NULL, 10);
  error = atoi(with);
  lasting = getenv("REFUSE_LASTING") != NULL;
  int fd = syscall(SYS_openat, AT_FDCWD, state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || syscall(SYS_ftruncate, fd, 4096)) return;
  void *found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (found != MAP_FAILED) made = found;
}

static int is_below(const char *path) {
  return !strncmp(path, under, under_length) && (path[under_length] == '/' || !path[under_length]);
}

static int of_fd(int fd, char *path) {
  int kept = errno;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = under ? syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1) : 0;
  errno = kept;
  if (got <= 0) return 0;
  path[got] = 0;
  return is_below(path);
}

static int of_name(int folder, const char *name) {
  if (!under || !name) return 0;
  char whole[2 * PATH_MAX], link[64], place[PATH_MAX];
  if (name[0] == '/') return is_below(name);
  if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
  else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  int kept = errno;
  ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, link, place, sizeof place - 1);
  errno = kept;
  if (got <= 0) return 0;
  place[got] = 0;
  snprintf(whole, sizeof whole, "%s/%s", place, name);
  return is_below(whole);
}

/* Whether this call, one that counts, is to fail; errno is set then. */
static int refused(void) {
  if (!made) return 0;
  uint64_t number = __sync_add_and_fetch(made, 1);
  if (!at || (lasting ? number < at : number != at)) return 0;
  errno = error;
  return 1;
}

static int fd_refused(int fd) { char path[PATH_MAX]; return of_fd(fd, path) && refused(); }
static int name_refused(int folder, const char *name) { return of_name(folder, name) && refused(); }

static int unreadable(int fd) {
  char path[PATH_MAX];
  if (!reading || !of_fd(fd, path)) return 0;
  if (fnmatch(reading, path + under_length + (path[under_length] == '/'), 0)) return 0;
  errno = EIO;
  return 1;
}

ssize_t read(int fd, void *data, size_t size) { return unreadable(fd) ? -1 : REAL(read)(fd, data, size); }
ssize_t pread(int fd, void *data, size_t size, off_t from) { return unreadable(fd) ? -1 : REAL(pread)(fd, data, size, from); }
ssize_t pread64(int fd, void *data, size_t size, off64_t from) { return unreadable(fd) ? -1 : REAL(pread64)(fd, data, size, from); }

ssize_t write(int fd, const void *data, size_t size) { return fd_refused(fd) ? -1 : REAL(write)(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t to) { return fd_refused(fd) ? -1 : REAL(pwrite)(fd, data, size, to); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t to) { return fd_refused(fd) ? -1 : REAL(pwrite64)(fd, data, size, to); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return fd_refused(fd) ? -1 : REAL(writev)(fd, parts, count); }
ssize_t sendfile(int, int, off_t *, size_t);
ssize_t sendfile64(int, int, off64_t *, size_t);
ssize_t sendfile(int to, int from, off_t *where, size_t size) { return fd_refused(to) ? -1 : REAL(sendfile)(to, from, where, size); }
ssize_t sendfile64(int to, int from, off64_t *where, size_t size) { return fd_refused(to) ? -1 : REAL(sendfile64)(to, from, where, size); }
ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t size, unsigned flags) {
  return fd_refused(to) ? -1 : REAL(copy_file_range)(from, in, to, out, size, flags);
}
int ftruncate(int fd, off_t size) { return fd_refused(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fd_refused(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int posix_fallocate(int fd, off_t from, off_t size) { return fd_refused(fd) ? error : REAL(posix_fallocate)(fd, from, size); }
int posix_fallocate64(int fd, off64_t from, off64_t size) { return fd_refused(fd) ? error : REAL(posix_fallocate64)(fd, from, size); }
int fsync(int fd) { return fd_refused(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fd_refused(fd) ? -1 : REAL(fdatasync)(fd); }

static int opened(int folder, const char *name, int flags, mode_t mode) {
  int changes = flags & (O_CREAT | O_TRUNC) || (flags & O_ACCMODE) != O_RDONLY;
  return changes && name_refused(folder, name) ? -1 : (int) syscall(SYS_openat, folder, name, flags, mode);
}
#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE return opened(folder, name, flags | O_LARGEFILE, mode); }

int rename(const char *from, const char *to) { return name_refused(AT_FDCWD, to) ? -1 : REAL(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) { return name_refused(b, to) ? -1 : REAL(renameat)(a, from, b, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  return name_refused(b, to) ? -1 : REAL(renameat2)(a, from, b, to, flags);
}
int mkdir(const char *name, mode_t mode) { return name_refused(AT_FDCWD, name) ? -1 : REAL(mkdir)(name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return name_refused(folder, name) ? -1 : REAL(mkdirat)(folder, name, mode); }
int link(const char *from, const char *to) { return name_refused(AT_FDCWD, to) ? -1 : REAL(link)(from, to); }
int symlink(const char *from, const char *to) { return name_refused(AT_FDCWD, to) ? -1 : REAL(symlink)(from, to); }

static int lacks(const char *what, int is_below) {
  if (!lacking || strcmp(lacking, what) || !is_below) return 0;
  errno = !strcmp(what, "modes") ? EPERM : !strcmp(what, "locks") ? ENOLCK : ENODEV;
  return 1;
}
static int shared_below(int flags, int fd) {
  char path[PATH_MAX];
  return (flags & MAP_TYPE) == MAP_SHARED && fd >= 0 && of_fd(fd, path);
}
void *mmap(void *at_, size_t size, int may, int flags, int fd, off_t from) {
  return lacks("sharing", lacking && shared_below(flags, fd)) ? MAP_FAILED : (void *) syscall(SYS_mmap, at_, size, may, flags, fd, from);
}
void *mmap64(void *at_, size_t size, int may, int flags, int fd, off64_t from) {
  return lacks("sharing", lacking && shared_below(flags, fd)) ? MAP_FAILED : (void *) syscall(SYS_mmap, at_, size, may, flags, fd, from);
}
int chmod(const char *name, mode_t mode) { return lacks("modes", of_name(AT_FDCWD, name)) ? -1 : REAL(chmod)(name, mode); }
int fchmod(int fd, mode_t mode) { char path[PATH_MAX]; return lacks("modes", of_fd(fd, path)) ? -1 : REAL(fchmod)(fd, mode); }
int fchmodat(int folder, const char *name, mode_t mode, int flags) {
  return lacks("modes", of_name(folder, name)) ? -1 : REAL(fchmodat)(folder, name, mode, flags);
}
int flock(int fd, int how) { char path[PATH_MAX]; return lacks("locks", lacking && of_fd(fd, path)) ? -1 : REAL(flock)(fd, how); }
static int controlled(int fd, int what, void *with) {
  char path[PATH_MAX];
  int locks = what == F_SETLK || what == F_SETLKW || what == F_OFD_SETLK || what == F_OFD_SETLKW;
  return lacks("locks", lacking && locks && of_fd(fd, path)) ? -1 : (int) syscall(SYS_fcntl, fd, what, with);
}
int fcntl(int fd, int what, ...) { va_list more; va_start(more, what); void *with = va_arg(more, void *); va_end(more); return controlled(fd, what, with); }
int fcntl64(int fd, int what, ...) { va_list more; va_start(more, what); void *with = va_arg(more, void *); va_end(more); return controlled(fd, what, with); }
