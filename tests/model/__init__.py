"""The product held against a model of its specification, step by step."""

import pytest

pytest.register_assert_rewrite("tests.model.side_by_side")
