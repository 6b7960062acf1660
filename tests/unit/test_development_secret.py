"""The secret that development makes and keeps in DATA_DIR."""

from nestmap.secret import development_secret


def test_it_is_made_once(tmp_path):
    secret = development_secret(tmp_path)
    assert len(secret) >= 32
    assert development_secret(tmp_path) == secret


def test_an_empty_file_as_after_a_power_cut_is_replaced(tmp_path):
    (tmp_path / "session-secret").touch()
    secret = development_secret(tmp_path)
    assert len(secret) >= 32
    assert development_secret(tmp_path) == secret
