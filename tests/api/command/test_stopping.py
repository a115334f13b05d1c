"""A command that is told to stop stops, whatever it is doing."""

import signal

import pytest

from api.command.opening import stopped_by_signal


class Finalised:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_whose_exception_python_drops_in_a_finaliser_still_ends_the_command() -> None:
    reached = False
    with pytest.raises(SystemExit) as ended, stopped_by_signal(3) as stop_if_told:
        stop_if_told()
        one = Finalised()
        del one
        reached = True
        stop_if_told()
    assert reached
    assert ended.value.code == 3
