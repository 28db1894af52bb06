"""Attributes that cost nothing until somebody reads them."""


class Derived:
    """An attribute that may be set to a function without arguments, which is called when it is first read."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        value = getattr(layer, self.name)
        if callable(value):
            value = value()
            setattr(layer, self.name, value)
        return value

    def __set__(self, layer, value):
        setattr(layer, self.name, value)
