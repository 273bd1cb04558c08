"""The school's policy as data. Pure: the standard library only, so that every domain module may import it."""
