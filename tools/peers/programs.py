"""The programs that are compared, and how their time and memory are taken."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def environment(threads, **more):
    """Every library on as many threads, and none of them on the network."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS")
    return os.environ | {name: str(threads) for name in names} | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"} | more


class Refused(Exception):
    """A program says that it does not do this."""


def run(command, env):
    """Runs a process: its output, its milliseconds, and its memory at most, in MB."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL)
        with process.stdout:
            out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        spent = 1000 * (time.perf_counter() - start)
        errors.seek(0)
        complaint = errors.read()
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise Refused(lines[0] if lines[0].startswith("attn: ") else lines[-1])
    return out, spent, usage.ru_maxrss / 1024


class Attn:
    """attn, one process for each question, which may take most of the memory."""

    def __init__(self, path, threads):
        self.path, self.threads = path, threads
        self.env = environment(threads)
        self.memory = max(4, int(0.7 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30))

    def bench(self, seconds, *flags):
        """The one row of attn bench with these flags."""
        command = [self.path, "bench", "--quiet", "--format", "json", "--threads", str(self.threads), "--memory", str(self.memory)]
        command += ["--time", f"{seconds}s", *flags]
        rows = json.loads(run(command, self.env)[0])["rows"]
        assert len(rows) == 1, rows
        return rows[0]

    def ms(self, seconds, *flags):
        return self.bench(seconds, *flags)["samples_ms"]

    def sets(self):
        """The instruction sets that it can use here, the best one first."""
        return json.loads(self.command("version", "--format", "json")[0])["cpu_kernels"]

    def command(self, *words):
        """Runs attn: output, milliseconds, MB."""
        return run([self.path, *words], self.env)


class Worker:
    """A peer that stays, so that it is at hand when its turn comes again."""

    def __init__(self, threads, *words, **env):
        self.command, self.env, self.process = [sys.executable, os.path.join(HERE, "worker.py"), *words], environment(threads, **env), None

    def ask(self, **question):
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, env=self.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Refused(f"{' '.join(self.command[2:])} ended")
        return json.loads(answer)

    def once(self, **question):
        """The memory, in MB, of a process that does it a single time."""
        process = subprocess.Popen(self.command, env=self.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.stdin.write(json.dumps(question | {"seconds": 0}) + "\n")
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Refused(f"{' '.join(self.command[2:])}: exit code {process.returncode}")
        return usage.ru_maxrss / 1024

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


PAUSE = 0.3  # seconds in which threads that wait for work stop spinning


def alternate(rounds, turns):
    """Runs each program in turn, round after round.

    turns: name -> a function that returns milliseconds. Returns name -> the
    median of all of them, or, of a program that refused, why."""
    samples, refused = {name: [] for name in turns}, {}
    for _ in range(rounds):
        for name, turn in turns.items():
            if name in refused:
                continue
            time.sleep(PAUSE)
            try:
                samples[name] += turn()
            except Refused as why:
                refused[name] = str(why)
    return {name: refused.get(name) or statistics.median(samples[name]) for name in turns}
