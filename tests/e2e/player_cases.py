"""What the players of the gallery show, for the gallery and its tests."""

LAST = 39
DAMAGED = 17
GREY_STEP = 4
OTHER_BASE = 80
BIG_COUNT = 66
