"""Tests of what needs no peer: python -m unittest discover tools/peers (standard library only)."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import programs  # noqa: E402
import table  # noqa: E402


def row(tags, **ms):
    return {"work": " ".join(tags), "tags": tags, "ms": {name.replace("_", " "): value for name, value in ms.items()}}


def result(*rows):
    return {"title": "T", "about": "A.", "rows": list(rows)}


class Ratios(unittest.TestCase):
    def test_above_one_is_faster(self):
        self.assertEqual(table.ratio(row([], attn=2.0, torch=3.0), "torch"), 1.5)

    def test_nothing_to_divide(self):
        self.assertIsNone(table.ratio(row([], attn="attn: too large", torch=3.0), "torch"))
        self.assertIsNone(table.ratio(row([], attn=2.0), "torch"))

    def test_the_faster_peer_of_the_worst_row_counts(self):
        results = {"gemm": result(row(["large"], attn=2.0, torch=3.0, numpy=8.0), row(["large"], attn=2.0, torch=9.0, numpy=2.5), row([], attn=9.0, torch=1.0))}
        self.assertEqual(table.least(results, "gemm", ["torch", "numpy"], lambda r: "large" in r["tags"]), 1.25)

    def test_a_missing_row_is_not_reached(self):
        results = {"gemm": result(row(["large"], attn=2.0, torch=3.0), row(["large"], attn="attn: no", torch=3.0))}
        self.assertIsNone(table.least(results, "gemm", ["torch"], lambda r: "large" in r["tags"]))
        self.assertIsNone(table.least({}, "gemm", ["torch"], lambda r: True))

    def test_digits(self):
        for value, text in ((None, ""), (0.01234, "0.0123"), (1.0, "1.00"), (76.6, "76.6"), (15637.2, "15637"), (0, "0")):
            self.assertEqual(table.digits(value), text)


class Goals(unittest.TestCase):
    def verdict(self, features, results, work):
        return [line for line in table.goals_table(results, features).splitlines() if work in line][0]

    def test_what_does_not_apply(self):
        self.assertIn("does not apply: this CPU has no AMX", self.verdict(["avx2"], {}, "bf16 weights"))
        self.assertIn("does not apply: this CPU has no AVX-512", self.verdict(["avx2"], {}, "2048, AVX-512"))
        self.assertIn("not measured", self.verdict(["avx2"], {}, "2048, AVX2"))

    def test_each_set_has_its_own_goal(self):
        results = {"gemm": result(row(["large", "avx512"], attn=1.0, torch=1.0, numpy=1.0), row(["large", "avx2"], attn=2.0, **{"numpy, Haswell": 1.0}))}
        self.assertIn("| 1.00× | yes |", self.verdict(["avx512f"], results, "2048, AVX-512"))
        self.assertIn("| 0.500× | **no** |", self.verdict(["avx512f"], results, "2048, AVX2"))

    def test_reached_or_not(self):
        for torch, verdict in ((21.0, "| 21.0× | yes |"), (20.0, "| 20.0× | yes |"), (19.9, "| 19.9× | **no** |")):
            results = {"start": result(row(["start"], attn=1.0, import_torch=torch))}
            self.assertIn(verdict, self.verdict([], results, "whole process"))

    def test_with_amx_more_is_to_be_reached(self):
        self.assertIn("| 1.10× |", self.verdict([], {}, "every step"))
        self.assertIn("| 1.50× |", self.verdict(["amx_bf16"], {}, "every step"))


class Document(unittest.TestCase):
    def test_why_there_is_no_time(self):
        text = table.section("T", result(row(["a"], attn="attn: too large", torch=3.0), row(["b"], attn="attn: too large", torch=3.0)))
        self.assertIn("| a | – | 3.00 | – |", text)
        self.assertIn("– a, b: attn: attn: too large", text)

    def test_a_quick_run_says_so(self):
        machine = {"features": [], "facts": {"date": "today"}}
        self.assertIn("its numbers mean nothing", table.document(machine, {}, True))
        self.assertNotIn("quick", table.document(machine, {"start": result()}, False))


class Alternating(unittest.TestCase):
    def setUp(self):
        self.pause, programs.PAUSE = programs.PAUSE, 0

    def tearDown(self):
        programs.PAUSE = self.pause

    def test_turns(self):
        order = []

        def turn(name, *samples):
            return lambda: order.append(name) or list(samples)

        times = programs.alternate(2, {"attn": turn("attn", 1.0, 5.0, 2.0), "torch": turn("torch", 7.0)})
        self.assertEqual(order, ["attn", "torch", "attn", "torch"])
        self.assertEqual(times, {"attn": 2.0, "torch": 7.0})

    def test_who_refuses_is_not_asked_again(self):
        asked = []

        def no():
            asked.append(1)
            raise programs.Refused("too large")

        self.assertEqual(programs.alternate(3, {"attn": no, "torch": lambda: [1.0]}), {"attn": "too large", "torch": 1.0})
        self.assertEqual(len(asked), 1)

    def test_a_process(self):
        out, spent, megabytes = programs.run([sys.executable, "-c", "print(7)"], dict(os.environ))
        self.assertEqual(out.split(), [b"7"])
        self.assertGreater(spent, 0)
        self.assertGreater(megabytes, 0)
        with self.assertRaisesRegex(programs.Refused, "^attn: too large$"):
            programs.run([sys.executable, "-c", "import sys; sys.exit('attn: too large\\nsome advice')"], dict(os.environ))


if __name__ == "__main__":
    unittest.main()
