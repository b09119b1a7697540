"""The thread team as LLVM IR: two functions that programs call, and what their threads run.

One word, ``@word``, starts each run: a counter in its upper bits, the number of threads that may
take part in its lowest eight. A worker that reads a new word goes through ``@gate``, if that is
open for the same run, and counts itself there; only then does it read ``@work`` and ``@frame``.
The caller shuts the gate when the work is done, and waits for those who are inside: a worker that
the system did not let run comes too late, and nobody waits for it.

Work is in *items*. An item has a bit in a word of claims: who sets it does the item. A thread takes
its own items, then, after a moment, those that others have not begun. How many are done is counted,
and waited for, so that a thread that does not come costs its share of the work and no more.

Waiting is a bounded spin, then a futex on the lower half of the word that is waited for. Whoever
parks first counts itself as a sleeper; whoever changes the word looks at the sleepers afterwards.
Both are sequentially consistent, so that either the one sees the sleeper and wakes it, or the
kernel sees the new word and does not let it sleep. A futex that wakes for no reason is waited for
again.
"""

from __future__ import annotations

import platform

_PAUSES = {
    "x86_64": "call void @llvm.x86.sse2.pause()",
    "aarch64": "call void @llvm.aarch64.hint(i32 1)",
}
_FUTEX = {"x86_64": 202, "aarch64": 98}  # number of the system call
_WAIT, _WAKE = 128, 129  # FUTEX_WAIT and FUTEX_WAKE, both private to the process
_SPINS = 4000
"""Rounds of spinning before a thread parks: some tens of microseconds."""
_MOMENT = 32
"""Rounds of spinning before a thread takes what is another's: a microsecond at most."""

MOST_THREADS = 64
"""As many as there are bits in a word of claims."""
_SHUT = -(2**63)


def supported() -> bool:
    """Whether this system has what the team is made of."""
    return platform.system() == "Linux" and platform.machine() in _FUTEX


def team_ir() -> str:
    """The module's text."""
    machine = platform.machine()
    pause, futex = _PAUSES[machine], _FUTEX[machine]
    declaration = pause.replace("call", "declare").replace("i32 1", "i32")
    wait = f"call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i64 {_WAIT}, i32 %low, ptr null)"
    wake = f"call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i64 {_WAKE}, i64 2147483647)"
    return f"""
{_GLOBALS}
{declaration}
declare i64 @syscall(i64, ...)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_detach(i64)
declare i32 @pthread_sigmask(i32, ptr, ptr)

; Wait until the word is not `old` any more; returns what it is then.
define internal i64 @change(ptr %word, ptr %sleepers, i64 %old) noinline nounwind {{
start:
  br label %spin
spin:
  %n = phi i64 [ 0, %start ], [ %n.next, %again ]
  %seen = load atomic i64, ptr %word acquire, align 64
  %new = icmp ne i64 %seen, %old
  br i1 %new, label %done, label %again
again:
  {pause}
  %n.next = add i64 %n, 1
  %more = icmp ult i64 %n.next, {_SPINS}
  br i1 %more, label %spin, label %park
park:
  %up = atomicrmw add ptr %sleepers, i64 1 seq_cst
  br label %look
look:
  %now = load atomic i64, ptr %word seq_cst, align 64
  %changed = icmp ne i64 %now, %old
  br i1 %changed, label %awake, label %sleep
sleep:
  %low = trunc i64 %old to i32
  %slept = {wait}
  br label %look
awake:
  %down = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  br label %done
done:
  %result = phi i64 [ %seen, %spin ], [ %now, %awake ]
  ret i64 %result
}}

; Wake whoever sleeps on a word that has been changed.
define internal void @wake(ptr %word, ptr %sleepers) nounwind {{
  %count = load atomic i64, ptr %sleepers seq_cst, align 64
  %some = icmp ne i64 %count, 0
  br i1 %some, label %call, label %done
call:
  %woken = {wake}
  br label %done
done:
  ret void
}}

define internal ptr @worker(ptr %argument) nounwind {{
start:
  %number = ptrtoint ptr %argument to i64
  %first = load i64, ptr @born, align 64
  br label %rest
rest:
  %last = phi i64 [ %first, %start ], [ %word, %next ]
  %word = call i64 @change(ptr @word, ptr @word.sleepers, i64 %last)
  %threads = and i64 %word, 255
  %mine = icmp ult i64 %number, %threads
  br i1 %mine, label %run, label %next
run:
  %counter = lshr i64 %word, 8
  %shut = load atomic i64, ptr @gate acquire, align 64
  br label %gate
gate:
  %seen = phi i64 [ %shut, %run ], [ %other, %enter ]
  %current = lshr i64 %seen, 8
  %open = icmp eq i64 %current, %counter
  br i1 %open, label %enter, label %next
enter:
  %inside = add i64 %seen, 1
  %pair = cmpxchg ptr @gate, i64 %seen, i64 %inside seq_cst acquire
  %other = extractvalue {{ i64, i1 }} %pair, 0
  %entered = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %entered, label %work, label %gate
work:
  %given = load ptr, ptr @work, align 64
  %frame = load ptr, ptr @frame, align 8
  call void %given(ptr %frame, i64 %number, i64 %threads)
  %left = atomicrmw sub ptr @gate, i64 1 seq_cst
  call void @wake(ptr @gate, ptr @gate.sleepers)
  br label %next
next:
  br label %rest
}}

; Start the workers that are missing, with all signals blocked: they are the main thread's.
define internal void @hire(i64 %wanted) noinline nounwind {{
start:
  %all = alloca [16 x i64], align 16
  %before = alloca [16 x i64], align 16
  %thread = alloca i64, align 8
  call void @llvm.memset.p0.i64(ptr %all, i8 -1, i64 128, i1 false)
  %masked = call i32 @pthread_sigmask(i32 0, ptr %all, ptr %before)
  %word = load atomic i64, ptr @word acquire, align 64
  store i64 %word, ptr @born, align 64
  br label %check
check:
  %hired = load i64, ptr @hired, align 8
  %more = icmp ult i64 %hired, %wanted
  br i1 %more, label %create, label %done
create:
  %argument = inttoptr i64 %hired to ptr
  %failed = call i32 @pthread_create(ptr %thread, ptr null, ptr @worker, ptr %argument)
  %made = icmp eq i32 %failed, 0
  br i1 %made, label %count, label %done
count:
  %id = load i64, ptr %thread, align 8
  %detached = call i32 @pthread_detach(i64 %id)
  %next = add i64 %hired, 1
  store i64 %next, ptr @hired, align 8
  br label %check
done:
  %unmasked = call i32 @pthread_sigmask(i32 2, ptr %before, ptr null)
  ret void
}}

; void team_run(void (*work)(void* frame, i64 thread, i64 threads), void* frame, i64 wanted)
define void @team_run(ptr %work, ptr %frame, i64 %wanted) nounwind {{
start:
  %most = load i64, ptr @most, align 8
  %less = icmp ult i64 %wanted, %most
  %threads = select i1 %less, i64 %wanted, i64 %most
  %several = icmp ugt i64 %threads, 1
  br i1 %several, label %take, label %alone
take:
  %pair = cmpxchg ptr @busy, i64 0, i64 1 acquire monotonic
  %taken = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %taken, label %staff, label %alone
alone:
  call void %work(ptr %frame, i64 0, i64 1)
  ret void
staff:
  %hired = load i64, ptr @hired, align 8
  %missing = icmp ult i64 %hired, %threads
  br i1 %missing, label %hire, label %ready
hire:
  call void @hire(i64 %threads)
  br label %ready
ready:
  %there = load i64, ptr @hired, align 8
  %fewer = icmp ult i64 %there, %threads
  %count = select i1 %fewer, i64 %there, i64 %threads
  store ptr %work, ptr @work, align 64
  store ptr %frame, ptr @frame, align 8
  %old = load atomic i64, ptr @word monotonic, align 64
  %counter = lshr i64 %old, 8
  %counted = add i64 %counter, 1
  %high = shl i64 %counted, 8
  store atomic i64 %high, ptr @gate release, align 64
  %word = or i64 %high, %count
  store atomic i64 %word, ptr @word seq_cst, align 64
  call void @wake(ptr @word, ptr @word.sleepers)
  call void %work(ptr %frame, i64 0, i64 %count)
  %shutting = atomicrmw or ptr @gate, i64 {_SHUT} seq_cst
  br label %wait
wait:
  %now = load atomic i64, ptr @gate acquire, align 64
  %inside = and i64 %now, 255
  %nobody = icmp eq i64 %inside, 0
  br i1 %nobody, label %done, label %more
more:
  %then = call i64 @change(ptr @gate, ptr @gate.sleepers, i64 %now)
  br label %wait
done:
  store atomic i64 0, ptr @busy release, align 64
  ret void
}}

; i1 team_claim(i64* claims, i64 item, i1 own): whether the caller is to do the item.
define i1 @team_claim(ptr %claims, i64 %item, i1 %own) nounwind {{
start:
  %bit = shl i64 1, %item
  br i1 %own, label %take, label %look
look:
  %n = phi i64 [ 0, %start ], [ %n.next, %again ]
  %seen = load atomic i64, ptr %claims monotonic, align 8
  %there = and i64 %seen, %bit
  %free = icmp eq i64 %there, 0
  br i1 %free, label %again, label %begun
again:
  {pause}
  %n.next = add i64 %n, 1
  %more = icmp ult i64 %n.next, {_MOMENT}
  br i1 %more, label %look, label %take
take:
  %before = atomicrmw or ptr %claims, i64 %bit acq_rel
  %was = and i64 %before, %bit
  %first = icmp eq i64 %was, 0
  ret i1 %first
begun:
  ret i1 false
}}

; void team_finish(i64* done, i64 all): one item more is done.
define void @team_finish(ptr %done, i64 %all) nounwind {{
  %before = atomicrmw add ptr %done, i64 1 seq_cst
  %now = add i64 %before, 1
  %last = icmp eq i64 %now, %all
  br i1 %last, label %call, label %more
call:
  call void @wake(ptr %done, ptr @done.sleepers)
  br label %more
more:
  ret void
}}

; void team_await(i64* done, i64 all): until all items are done.
define void @team_await(ptr %done, i64 %all) nounwind {{
start:
  %first = load atomic i64, ptr %done acquire, align 64
  br label %look
look:
  %seen = phi i64 [ %first, %start ], [ %then, %wait ]
  %last = icmp eq i64 %seen, %all
  br i1 %last, label %over, label %wait
wait:
  %then = call i64 @change(ptr %done, ptr @done.sleepers, i64 %seen)
  br label %look
over:
  ret void
}}

; Set how many threads there may be; between runs only.
define void @team_limit(i64 %most) nounwind {{
  store i64 %most, ptr @most, align 8
  ret void
}}

; In a child after fork: nobody works for it yet.
define void @team_forget() nounwind {{
{_RESET}
  ret void
}}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""


# Each on a cache line of its own; @hired counts the caller as one.
_WORDS = ("word", "gate", "busy")
_SLEEPERS = ("word.sleepers", "gate.sleepers", "done.sleepers")
_GLOBALS = "\n".join(
    [
        *(f"@{name} = internal global i64 0, align 64" for name in (*_WORDS, *_SLEEPERS, "born")),
        "@work = internal global ptr null, align 64",
        "@frame = internal global ptr null, align 8",
        "@most = internal global i64 1, align 64",
        "@hired = internal global i64 1, align 64",
        "@end = internal global i64 0, align 64",
    ]
)
_RESET = "\n".join(
    [
        *(f"  store i64 0, ptr @{name}, align 64" for name in (*_WORDS, *_SLEEPERS)),
        "  store i64 1, ptr @hired, align 64",
    ]
)
