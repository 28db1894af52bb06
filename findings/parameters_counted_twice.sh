#!/usr/bin/env bash
# torchinfo 1.8.0, torchsummary 1.5.1, thop 0.1.1.post2209072238, torch 2.13.0
# Guess: a summary of a network counts its parameters as torch does, and its multiplications as its layers make them.
# Seen:  two layers that share a 10x10 matrix have 200 parameters, where parameters() gives 100; so has, by torchsummary, one layer that is used
#        twice. For a Linear on 7 steps of 2 samples torchinfo counts 7 products of 14, so a longer batch costs nothing. Both
#        torchinfo and thop count a transposed convolution by its output: 48,672 multiplications where there are 10,368.
# So:    pynn's summary counts arrays, each once; multiplications by formula.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 torchinfo==1.8.0 torchsummary==1.5.1 thop==0.1.1.post2209072238
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io
import sys

import thop
import torch
import torchinfo
import torchsummary


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


class Tied(torch.nn.Module):
    """Two layers with one matrix."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(10, 10, bias=False), torch.nn.Linear(10, 10, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


class Twice(torch.nn.Module):
    """One layer, used twice."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(10, 10, bias=False)

    def forward(self, x):
        return self.layer(torch.relu(self.layer(x)))


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def by_torchsummary(net):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        torchsummary.summary(net, (10,), device="cpu")
    line = next(line for line in text.getvalue().splitlines() if line.startswith("Total params"))
    return int(line.split(":")[1].replace(",", ""))


def by_torchinfo(net, shape):
    return torchinfo.summary(net, shape, verbose=0)


def by_thop(net, shape):
    return tuple(int(number) for number in thop.profile(net, (torch.zeros(shape),), verbose=False))


for net, numbers in (Tied(), [100, 200, 200, 200]), (Twice(), [100, 100, 200, 100]):
    seen = [parameters(net), by_torchinfo(net, (1, 10)).total_params, by_torchsummary(net), by_thop(net, (1, 10))[1]]
    check(f"parameters of {type(net).__name__}, by torch, torchinfo, torchsummary, thop", seen, numbers)

linear = torch.nn.Linear(4, 5, bias=False)
for steps in 2, 20:
    shape = 7, steps, 4
    check(f"multiplications of Linear(4, 5) on {shape}, by thop", by_thop(linear, shape)[0], 7 * steps * 20)
    check(f"multiplications of Linear(4, 5) on {shape}, by torchinfo", by_torchinfo(linear, shape).total_mult_adds, 7 * 20)

transposed, shape = torch.nn.ConvTranspose2d(4, 8, 3, stride=2, bias=False), (1, 4, 6, 6)
due = 4 * 8 * 3 * 3 * 6 * 6        # each element of the input times each filter
seen = [due, by_torchinfo(transposed, shape).total_mult_adds, by_thop(transposed, shape)[0]]
check("multiplications of a transposed convolution, due, by torchinfo, thop", seen, [10368, 48672, 48672])
print("as described")
PYTHON
