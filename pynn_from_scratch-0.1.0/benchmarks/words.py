"""How a promise is worded."""


def at_least(promise, ratio, factor):
    return f"{promise}: at least {factor:g} times as fast", ratio and f"{ratio:.2f}", bool(ratio) and ratio >= factor


def at_most(promise, value, bound, words="", unit=""):
    return f"{promise}: at most {bound:g}{unit}", value and f"{value:.2f}{unit}{words}", bool(value) and value <= bound


def in_words(threads):
    return {1: "one thread", 2: "two threads"}.get(threads, f"{threads} threads")
