"""How fast speech reaches the service."""

from math import inf

import pytest

from avatar.core.uplink import Uplink


def test_nothing_is_known_without_an_acknowledgement() -> None:
    """A service that acknowledges no chunk gets the cautious size."""
    uplink = Uplink()
    uplink.sent(0.4, 1.0)

    assert uplink.rate == 0.0


def test_acknowledgements_answer_chunks_in_their_order() -> None:
    """The rate is that of the chunk that arrived last."""
    uplink = Uplink()
    uplink.sent(0.4, 1.0)
    uplink.sent(0.8, 1.2)
    uplink.acknowledged(1.2)
    assert uplink.rate == pytest.approx(2.0)

    uplink.acknowledged(1.3)
    assert uplink.rate == pytest.approx(8.0)


def test_an_acknowledgement_at_the_same_instant_is_as_fast_as_can_be() -> None:
    """A coarse clock divides nothing by zero."""
    uplink = Uplink()
    uplink.sent(0.4, 1.0)
    uplink.acknowledged(1.0)

    assert uplink.rate == inf


def test_an_acknowledgement_of_nothing_is_ignored() -> None:
    """A service may repeat itself."""
    uplink = Uplink()
    uplink.acknowledged(1.0)

    assert uplink.rate == 0.0
