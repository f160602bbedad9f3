"""Measure the reward: time per answer beside three yardsticks, and a longer search for holes.

    python benchmarks/reward.py [--search STEPS]

One run, one process, the same distinct answers for each: our scorer; sixty `partial_ratio` calls, the
obvious implementation; the published rule with the same sixty terms; and a bare search for all the terms at
once as the floor. Answers are the texts of the gold sets, and texts of 2,000 and 32,000 characters made of
their sentences. Best of five passes, CPU time; only the ratios are worth quoting.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz

sys.path.insert(0, str(Path(__file__).parent))
from agreement import ground_truth
from gold_split import read_gold

from verl_wafersage.reward_fns import paper, rubric
from verl_wafersage.reward_fns.final import answer_text

SMALL = ("the", "a", "no", "not", "and", "or", "but", "is", "at", "along", "clear", ",", ".", "either")
DOMAIN = (
    "edge", "center", "ring", "cluster", "line", "arc", "dense", "sparse", "thin", "donut", "scratch",
    "random", "upper", "lower", "left", "right",
)  # fmt: skip

ADVERSARIAL = {
    "one word": "ring " * 6400,
    "denials": "no not without " * 2200,
    "commas": "a, " * 10600,
    "numbers": "1 to 2 " * 4600,
    "degrees": "1\u00b0 " * 10600,
    "brackets": "(" * 32000,
    "no space": "x" * 32000,
    "tags": "<SOLUTION>" * 3200,
    "hyphens": "edge-" * 6400,
    "halves": "half " * 6400,
    "survivors": "disk passes " * 2650,
    "corrections": "corner except " * 2280,
    "terms": "edge ring cluster line center donut scratch dense " * 640,
}


def milliseconds(work: Callable[[str], object], texts: Sequence[str], passes: int = 5) -> float:
    """Return the best CPU time per text."""
    best = float("inf")
    for _ in range(passes):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, (time.process_time() - start) / len(texts))
    return 1000 * best


def long_texts(parts: Sequence[str], size: int, count: int) -> list[str]:
    """Return distinct texts of a size, made of whole answers."""
    rng = random.Random(size)
    texts = []
    for _ in range(count):
        text = ""
        while len(text) < size:
            text += " " + rng.choice(parts)
        texts.append(text[:size])
    return texts


def speed() -> None:
    """Print the table of times."""
    questions = [q for file in ("answers.jsonl", "answers_hard.jsonl") for q in read_gold(file)]
    parts = [answer_text(c["text"]) for q in questions for c in q["candidates"]]
    terms = list(
        dict.fromkeys(t for q in questions for t in q["must_hit"] + q["must_avoid"] if isinstance(t, str))
    )[:60]
    truth = {**json.loads(ground_truth(questions[0])), "must_hit": terms[:30], "must_avoid": terms[30:]}
    text = json.dumps(truth)
    floor = re.compile("|".join(re.escape(t.lower()) for t in sorted(terms, key=len, reverse=True)))
    scorers: dict[str, Callable[[str], object]] = {
        "ours": lambda answer: rubric.compute_score("bench", answer, text, {}),
        "60 x partial_ratio": lambda answer: [fuzz.partial_ratio(term, answer) for term in terms],
        "published rule": lambda answer: paper.compute_score("bench", answer, text, {}),
        "bare search": lambda answer: floor.findall(answer.lower()),
    }
    sizes = {
        "gold answers": parts,
        "2,000 characters": long_texts(parts, 2000, 40),
        "32,000 characters": long_texts(parts, 32000, 5),
    }
    print(
        f"{'milliseconds an answer':<24}"
        + "".join(f"{name:>20}" for name in scorers)
        + f"{'ours / 60 ratios':>20}"
    )
    for size, texts in sizes.items():
        times = [milliseconds(work, texts) for work in scorers.values()]
        print(f"{size:<24}" + "".join(f"{t:>20.3f}" for t in times) + f"{times[0] / times[1]:>20.2f}")
    print("\nadversarial text of 32,000 characters, ours:")
    for name, answer in ADVERSARIAL.items():
        print(f"  {name:<12}{milliseconds(scorers['ours'], [answer], 3):>9.2f} ms")


def search(steps: int) -> None:
    """Climb from the worst answer to each question, with and without the words of the truth."""
    print(f"\nhill climbing, {steps} steps from the worst answer of each question")
    print(f"{'question':<10}{'reference':>10}{'start':>8}{'no truth words':>16}{'all words':>11}")
    for question in read_gold("answers.jsonl")[:12] + read_gold("answers_hard.jsonl")[:12]:
        truth, extra = ground_truth(question), {"question": question["question"]}

        def paid(words: Sequence[str], truth: str = truth, extra: dict[str, str] = extra) -> float:
            return rubric.compute_score("bench", " ".join(words), truth, extra)["score"]

        start = min(question["candidates"], key=lambda c: c["judge_a"] + c["judge_b"])["text"].split()
        hits = {word for item in question["must_hit"] for word in item.lower().split()}
        hits |= set(re.findall(r"[a-z0-9']+", question["reference_answer"].lower()))
        small = list(SMALL)
        domain = list(DOMAIN)
        domain += [f"{hour} o'clock" for hour in range(1, 13)] + question["must_avoid"][:20]
        free = [word for word in domain if not set(word.lower().split()) & hits] + small
        found = [_climb(paid, start, words, steps) for words in (free, domain + question["must_hit"] + small)]
        reference = paid(question["reference_answer"].split())
        print(f"{question['id']:<10}{reference:>10.2f}{paid(start):>8.2f}{found[0]:>16.2f}{found[1]:>11.2f}")


def _climb(
    paid: Callable[[Sequence[str]], float], start: Sequence[str], words: Sequence[str], steps: int
) -> float:
    rng = random.Random(7)
    current, best = list(start), paid(start)
    for _ in range(steps):
        trial = list(current)
        for _ in range(rng.randint(1, 3)):
            if trial and rng.random() < 0.4:
                del trial[rng.randrange(len(trial))]
            else:
                trial.insert(rng.randint(0, len(trial)), rng.choice(words))
        score = paid(trial)
        if score >= best:
            best, current = score, trial
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--search", type=int, default=0, metavar="STEPS", help="also climb, so many steps each"
    )
    arguments = parser.parse_args()
    speed()
    if arguments.search:
        search(arguments.search)
