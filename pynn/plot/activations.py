"""How the values after each layer are spread."""

from pynn.plot.axes import grid_axes, panels
from pynn.plot.passes import names_of, outputs
from pynn.plot.weights import histogram


def plot_activation_histograms(net, x, layers=None, axes=None, bins=40):
    """Draw a histogram of what comes out of each layer (section 6.2.2).

    Where they pile up at 0 and 1 the sigmoid is flat and the gradient vanishes; where they all lie close together the units do the same
    as each other. Either way, see to the first weights.

    Parameters
    ----------
    net : network
        With its layers in ``layers``, pynn's or a reader's own.
    x : array_like, shape (N, ...)
        Samples.
    layers : sequence of str, optional
        Names of the layers to draw, such as ``["Relu1", "Relu2"]``. Without it, all.
    axes : array of Axes, optional
        As many as layers or more.
    bins : int

    Returns
    -------
    axes : ndarray of Axes
        The titles have the mean and the standard deviation; after ReLU also the share of zeros, whose bar would dwarf
        the others and ends above the picture.
    """
    function = "plot_activation_histograms"
    found = {name: (type(layer).__name__, out) for name, layer, out in outputs(function, net, x)}
    for name in names_of(function, layers):
        if name not in found:
            raise KeyError(f"{function}: the network has no layer {name!r}; it has {list(found)}")
    chosen = list(found if layers is None else layers)
    if axes is None:
        axes = grid_axes(function, len(chosen), 5 if len(chosen) > 4 else 4, 2.5, 2.2)
    for ax, name in zip(panels(function, axes, len(chosen)), chosen):
        kind, out = found[name]
        zeros = f", {(out == 0).mean():.0%} zero" if kind == "Relu" else ""
        histogram(ax, out, bins, name + zeros, cut=kind == "Relu")
    return axes
