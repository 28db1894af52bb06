"""Attributes that cost nothing until somebody reads them."""


class Derived:
    """An attribute like any other, which may also be computed when it is first read.

    What was set or computed lies in the layer under the attribute's own name, where the book's layers have it too, so that their
    pickles can be read.
    """

    def __set_name__(self, owner, name):
        self.name = name
        self.pending = f"_{name}_later"

    def later(self, layer, function):
        """Have `function` without arguments compute the layer's attribute if anybody reads it."""
        vars(layer).pop(self.name, None)
        vars(layer)[self.pending] = function

    def __get__(self, layer, owner=None):
        # Python comes here only if the layer has no such attribute of its own
        if layer is None:
            return self
        function = vars(layer).pop(self.pending, None)
        if function is None:
            raise AttributeError(f"{type(layer).__name__} has no attribute {self.name!r}")
        value = vars(layer)[self.name] = function()
        return value
