"""Values that no HTTP header can hold, each with a word of what is wrong with it."""

#: A part of each but the empty ones, to look for where they must not be shown.
MARK = "VALUE-SECRET"
BAD = {
    "empty": ("", "is empty"),
    "line feed": (f"{MARK}\nx", "line break"),
    "line feed at its end": (f"{MARK}\n", "line break"),
    "carriage return": (f"{MARK}\rx", "line break"),
    "header injection": (f"{MARK}\r\nX-Injected: 1", "line break"),
    "NUL": (f"{MARK}\0", "control character"),
    "tab": (f"{MARK}\tx", "control character"),
    "escape": (f"{MARK}\x1b[31m", "control character"),
    "delete": (f"{MARK}\x7f", "control character"),
    "C1": (f"{MARK}\x9b31m", "control character"),
    "next line": (f"{MARK}\x85x", "control character"),
    "blank in front": (f" {MARK}", "blank"),
    "blank at its end": (f"{MARK} ", "blank"),
    "no-break space in front": (f"\xa0{MARK}", "blank"),
    "no-break space at its end": (f"{MARK}\xa0", "blank"),
    "blank alone": (" ", "blank"),
    "euro": (f"{MARK}\u20ac", "latin-1"),
    "just beyond": (f"{MARK}\u0100", "latin-1"),
    "emoji": (f"{MARK}\U0001f511", "latin-1"),
    "surrogate": (f"{MARK}\udcff", "latin-1"),
    "line separator": (f"{MARK}\u2028x", "latin-1"),
}
