"""Whether a stream was good, by the rules of Microsoft's Call Quality Dashboard, so that numbers compare."""

from enum import StrEnum
from typing import Final

from housecall.meetings.base import MediaKind, StreamQuality

# Source: Microsoft's page on stream classification in the Call Quality Dashboard.
MOST_DEGRADATION_MOS: Final = 1.0
MOST_RTT_MS: Final = 500.0
MOST_LOSS_PCT: Final = 10.0
MOST_JITTER_MS: Final = 30.0
MOST_CONCEALED_PCT: Final = 7.0
MOST_FRAME_LOSS_PCT: Final = 50.0
FEWEST_FRAMES_PER_S: Final = 7.0
FEWEST_FRAMES_SCREEN: Final = 2.0
MOST_LOSS_AFTER_REPAIR_PCT: Final = 15.0


class Verdict(StrEnum):
    """What the rules say of a stream."""

    good = "good"
    poor = "poor"
    unclassified = "unclassified"


def judge(stream: StreamQuality) -> Verdict:
    """Good or poor; unclassified where nothing that counts was measured.

    Audio is poor when any of its measures is over its limit. Of a picture the first measure there is decides:
    frames lost on the way to the screen, then frames a second, then what repair could not mend.
    """
    if stream.kind is MediaKind.audio:
        return _judge_audio(stream)
    return _judge_picture(stream)


def _judge_audio(stream: StreamQuality) -> Verdict:
    measured = [
        (stream.degradation_mos, MOST_DEGRADATION_MOS),
        (stream.rtt_ms, MOST_RTT_MS),
        (stream.loss_pct, MOST_LOSS_PCT),
        (stream.jitter_ms, MOST_JITTER_MS),
        (stream.concealed_pct, MOST_CONCEALED_PCT),
    ]
    known = [(value, limit) for value, limit in measured if value is not None]
    if not known:
        return Verdict.unclassified
    return Verdict.poor if any(value > limit for value, limit in known) else Verdict.good


def _judge_picture(stream: StreamQuality) -> Verdict:
    fewest = FEWEST_FRAMES_SCREEN if stream.kind is MediaKind.screen else FEWEST_FRAMES_PER_S
    if stream.frame_loss_pct is not None:
        is_poor = stream.frame_loss_pct > MOST_FRAME_LOSS_PCT
    elif stream.frames_per_s is not None:
        is_poor = stream.frames_per_s < fewest
    elif stream.loss_after_repair_pct is not None:
        is_poor = stream.loss_after_repair_pct > MOST_LOSS_AFTER_REPAIR_PCT
    else:
        return Verdict.unclassified
    return Verdict.poor if is_poor else Verdict.good
