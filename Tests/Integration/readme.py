"""Types the README's tour into a shell, block by block, and compares what it shows.

Each ```console block is a list of `$ command` lines and what they print. Numbers, dates and spaces may
differ, and a line `…` stands for any lines. A command whose shown output ends with a line that begins
with "ready" is left running, as in a terminal of its own."""

import os
import re
import shutil
import signal
import subprocess
import time

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")


def blocks():
    """[(command, [shown line])]"""
    commands = []
    for block in re.findall(r"^```console\n(.*?)^```", open(README).read(), re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif line.startswith("> "):
                commands[-1] = (commands[-1][0] + "\n" + line[2:], commands[-1][1])
            elif commands:
                commands[-1][1].append(line)
    return commands


def plain(line):
    line = re.sub(r"\d[\d,.:T-]*Z?", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def agrees(shown, printed):
    """Whether the printed lines are those shown, where `…` stands for any."""
    shown = [plain(line) for line in shown]
    printed = [plain(line) for line in printed]
    while shown and not shown[-1]:
        shown.pop()
    while printed and not printed[-1]:
        printed.pop()
    at = 0
    anything = False
    for line in shown:
        if line == "…":
            anything = True
            continue
        if anything:
            while at < len(printed) and printed[at] != line:
                at += 1
        if at >= len(printed) or printed[at] != line:
            return line
        at += 1
        anything = False
    return None if anything or at == len(printed) else f"nothing after it, not {printed[at]!r}"


def tour(stack):
    """Runs all; the stack only lends its home and its opine."""
    environment = {"PATH": os.path.dirname(stack.opine) + ":" + os.environ["PATH"], "HOME": stack.home,
                   "LANG": "C.UTF-8"}
    folder = os.path.dirname(README)
    running = []
    forget_the_last_tour()
    try:
        for command, shown in blocks():
            if command.startswith("make "):
                continue
            if shown and shown[-1].startswith("ready"):
                running.append(start(command, shown, environment, folder, stack))
                continue
            done = subprocess.run(["bash", "-c", command], env=environment, cwd=folder, timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            wrong = agrees(shown, done.stdout.splitlines())
            assert wrong is None, f"$ {command}\nREADME shows: {wrong}\nprinted:\n{done.stdout}"
            assert done.returncode == 0, f"$ {command}: exit {done.returncode}\n{done.stdout}"
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, f"{process.args} did not end well"
        forget_the_last_tour()


def forget_the_last_tour():
    """What an earlier tour left: its documents would be found by this one."""
    for command, _ in blocks():
        for folder in re.findall(r"--data (/tmp/\S+)", command):
            shutil.rmtree(folder, ignore_errors=True)


def start(command, shown, environment, folder, stack):
    log = os.path.join(stack.home, f"terminal-{len(os.listdir(stack.home))}.log")
    process = subprocess.Popen(["bash", "-c", "exec " + command], env=environment, cwd=folder,
                               stdout=open(log, "w"), stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 30
    while True:
        printed = open(log).read().splitlines()
        if printed and printed[-1].startswith("ready"):
            break
        assert time.monotonic() < deadline and process.poll() is None, f"$ {command}\n" + "\n".join(printed)
        time.sleep(0.05)
    wrong = agrees(shown, printed)
    assert wrong is None, f"$ {command}\nREADME shows: {wrong}\nprinted:\n" + "\n".join(printed)
    return process
