"""How a presenter holds itself in one frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """One row of visemes.mouths, by name; all 0..1."""

    open: float = 0.0
    width: float = 0.5
    round: float = 0.0
    teeth: float = 0.0
    tongue: float = 0.0
    press: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """x, y: where the head has moved, in presenter units. tilt: degrees. yaw, pitch: -1..1, to the right and down.
    blink: 0 open .. 1 shut. wide: -1..1, how far the eyes are opened. gaze: -1..1. brow: -1..1.5 up. smile: 0..1.
    breath: -1..1.
    """

    x: float = 0.0
    y: float = 0.0
    tilt: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    blink: float = 0.0
    wide: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    brow: float = 0.0
    brow_tilt: float = 0.0
    smile: float = 0.4
    breath: float = 0.0
