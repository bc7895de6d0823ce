"""Words of shells, C libraries, kernels and the vendor's libraries for the end of a program that ran a model.

Which of them count, and for which run of a log, says `axpair_proto.run_logs`. Standard library alone, since workers on
boards read the same logs.
"""

import re
from typing import Dict, Tuple

# Of two open ends the first is held by a lookahead, so that a hostile line takes no more than its length.
NEVER_STARTED = re.compile(
    r"^\s*\S*sh: (?=(.*?run_(?:joint|model)\b))\1.*[:：] ?(?:(?:command )?not found|Permission denied|No such file"
    r"|cannot execute|Exec format error|未找到命令|权限不够|没有那个文件或目录|无法执行)"
    r"|^(?=(.*?run_(?:joint|model)\b))\2.*: version [`'][\w.]+' not found"
    r"|^\S*[:：] .{1,300}: version [`'][\w.]+' not found \(required by \S*run_(?:joint|model)\)"
    r"|error while loading shared libraries|\bopen /dev/axcl\w* fail"
)
OWN_ASSERTION = re.compile(r"^(?=(.*?\brun_(?:joint|model)\b))\1.*(?::\d+: |: \d+\))")
PROGRAM = re.compile(r"\b(?P<tool>run_joint|axcl_run_model|ax_run_model|run_model)\b")
"""A known program, where its name stands."""
ASSERTIONS = (
    r"^(?=(?P<where>.*?): Assertion [`'])(?P=where): Assertion .(?P<what>.*)' failed",  # glibc, uClibc
    r"^\s*Assertion failed: (?=(?P<what>.*?) \([^()\s]+: )(?P=what) \((?P<where>[^()\s]+: [^:()]*: \d+)\)",  # musl
    r"^(?=(?P<where>.*?): assertion \")(?P=where): assertion \"(?P<what>.*)\" failed",  # bionic
    r"^(?=(?P<where>.*?)[:：] ?断言)(?P=where)[:：] ?断言 ?[“\"‘`'](?P<what>.*)[”\"’'] ?失败",  # glibc in Chinese
)
"""What was asserted, and where."""
LOADING = re.compile(
    r"CreateHandle|ModelType|Adv_Init|SYS_Init|ENGINE_Init|CreateExecutionContext|CreateContext|GetIOInfo"
)
"""Calls that come before a model runs."""
FAILED_CALL = re.compile(
    r"\b(?=(?:AX_(?:JOINT|ENGINE|SYS|NPU|CL)_|axclrt)\w)"
    r"(?!\w*(?:Destroy|Deinit|Free|Unload|Close|Final|Alloc))(?=(.*?(?:\bfail(?:ed|ure)?\b|失败)))"
)
"""A call of the vendor's libraries said to have failed; none that tidies up, and none after which run_joint goes on."""
_WORDS: Dict[str, Tuple[str, ...]] = {
    "SIGABRT": ("Aborted", "abort", "已放弃", "已中止"),
    "SIGSEGV": ("Segmentation fault", "段错误", "段錯誤", "程式記憶體區段錯誤"),
    "SIGKILL": ("Killed", "已杀死", "已殺死", "已砍掉"),
    "SIGBUS": ("Bus error", "总线错误", "匯流排錯誤"),
    "SIGFPE": ("Floating point exception", "Arithmetic exception", "浮点数例外", "浮点例外", "浮点异常"),
    "SIGILL": ("Illegal instruction", "illegal hardware instruction", "非法指令"),
    "SIGTRAP": ("Trace/breakpoint trap", "trace trap", "跟踪/断点陷阱"),
    "SIGSYS": ("Bad system call",),
    "SIGTERM": ("Terminated", "已终止"),
    "SIGHUP": ("Hangup", "挂起"),
}
_ALONE = ("SIGTERM", "SIGHUP")
"""Words that other sentences begin with too: nothing else is in their line, or the command behind a gap."""
_NAMES = {word.casefold(): name for name, words in _WORDS.items() for word in words}
_SURE, _LONELY = (
    "|".join(re.escape(word) for name, words in _WORDS.items() for word in words if (name in _ALONE) is lonely)
    for lonely in (False, True)
)
_DUMPED = r"(?: ?\([^()]{1,20}\))?"
SIGNAL = re.compile(
    rf"^\s*zsh: (?i:(?P<zsh>{_SURE}|{_LONELY}))(?!\w)"
    r"|^\s*(?:\S*sh: +)?(?:(?:line \d+:|第 ?\d+ ?行[:：]) *)?(?:\[\d+\][+-]? +)?(?:\d+ +)?"
    rf"(?:(?P<word>{_SURE})(?!\w)|(?P<alone>{_LONELY}){_DUMPED}(?:\s{{2,}}\S.*)?$)"
    r"|\b(?:received|by|with) signal (?P<name>SIG[A-Z]{3,6})\b"
    r"|^\s*(?i:ret|rc|exit(?:ed)?(?: with)?(?: code| status)?|退出码|返回值)[ :：=]{1,3}(?P<status>13[245679]|143)\s*$"
)
"""A signal, in the word of a shell, a debugger, or as an exit status above 128."""
_NUMBERS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
"""On Linux, whatever this runs on."""
GAVE_UP = re.compile(
    r"^\s*(?:terminate called |libc\+\+abi: terminating |terminating with uncaught |Fatal glibc error: |Fatal signal \d"
    r"|\*\*\* Error in |\*\*\* (?:stack smashing|buffer overflow) detected|double free or corruption"
    r"|(?:free|malloc|realloc|munmap_chunk|malloc_consolidate)\(\): \w|corrupted (?:size|double-linked)"
    r"|(?:==\d+==\s?)?(?:ERROR: )?AddressSanitizer:)"
)
"""What C and C++ libraries print before they abort a program."""


def signal_of(found: "re.Match[str]") -> str:
    """Which signal a line found by SIGNAL tells of."""
    if found["status"]:
        return _NUMBERS[int(found["status"]) - 128]
    return found["name"] or _NAMES[(found["zsh"] or found["word"] or found["alone"]).casefold()]
