"""From how many starts three ReLU neurons part the moons of the Playground's scene:  python tools/scene_starts.py"""

from glassnet.server.playground import Playground

SCENE = {"dataset": "moons", "noise": 0.1, "learning_rate": 0.1, "activation": "relu", "hidden": [3]}
SEEDS = range(100)
EPOCHS = 100, 300
GOAL = 0.95  # of the test points, as the scene's task asks


def reached(seed: int) -> list[bool]:
    """Whether the goal is reached at each of the epochs, from one start."""
    playground = Playground({**SCENE, "seed": seed})
    answers, before = [], 0
    for epoch in EPOCHS:
        playground.train(epoch - before)
        answers.append(bool(playground.judgement.test_score >= GOAL))
        before = epoch
    playground.close()
    return answers


def main() -> None:
    for epoch, answers in zip(EPOCHS, zip(*map(reached, SEEDS), strict=True), strict=True):
        print(f"by epoch {epoch}: {sum(answers)} of {len(answers)} starts have {GOAL:.0%} of the test points right")


if __name__ == "__main__":
    main()
