"""Attributes that cost nothing until somebody reads them."""


class Derived:
    """An attribute that may be set to a function without arguments, which is called when it is first read.

    It lies in the layer under its own name, where the book's layers have it too, so that their pickles can be read.
    """

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        value = vars(layer).get(self.name)
        if callable(value):
            value = vars(layer)[self.name] = value()
        return value

    def __set__(self, layer, value):
        vars(layer)[self.name] = value
