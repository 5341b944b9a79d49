"""Seconds -> a duration as people read it."""

from __future__ import annotations

from .page_words import PageWords

MINUTE, HOUR, DAY = 60, 3600, 86400
# From how many seconds on, how many of them a duration is rounded to
GRAINS = ((DAY, HOUR), (HOUR, MINUTE))


def shown_duration(seconds: float, words: PageWords) -> str:
    """Return a duration in its two greatest units."""
    digits = f"{seconds:.3g}"
    if abs(float(digits)) < MINUTE:
        return f"{digits} {words.say('unit.second')}"
    # Of the units that are left out, the last one shown is the nearest
    grain = next((size for least, size in GRAINS if seconds >= least - size / 2), 1)
    minutes, second = divmod(round(seconds / grain) * grain, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "day"), (hour, "hour"), (minute, "minute"), (second, "second")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(
        f"{count} {words.say(f'unit.{unit}')}" for count, unit in parts[first : first + 2]
    )
