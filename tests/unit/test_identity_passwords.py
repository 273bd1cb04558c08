"""How passwords are kept."""

from services.identity.passwords import LEAST_ADULT, LEAST_PUPIL, Passwords


def test_S21_a_password_is_kept_as_a_hash_that_tells_nothing_and_is_never_twice_the_same():
    passwords = Passwords()
    first, second = passwords.hash("nine purple umbrellas"), passwords.hash("nine purple umbrellas")
    assert "umbrella" not in first
    assert first != second
    assert passwords.is_right("nine purple umbrellas", first)
    assert passwords.is_right("nine purple umbrellas", second)


def test_S21_another_password_or_no_hash_at_all_is_not_right():
    passwords = Passwords()
    assert not passwords.is_right("nine purple umbrella", passwords.hash("nine purple umbrellas"))
    assert not passwords.is_right("nobody's password", None)


def test_S29_a_young_child_need_not_type_as_much_as_an_adult():
    assert LEAST_PUPIL < LEAST_ADULT
