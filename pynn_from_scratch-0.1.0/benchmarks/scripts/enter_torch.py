"""784-100-10 on MNIST with PyTorch: a DataLoader, a training loop, a test loop."""

import torch
from digits import load
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

train_set, test_set = (TensorDataset(torch.from_numpy(x), torch.from_numpy(t).long()) for x, t in load())
train_loader = DataLoader(train_set, batch_size=100, shuffle=True)
test_loader = DataLoader(test_set, batch_size=100)

model = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
loss_of = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)

for _ in range(3):
    for x, t in train_loader:
        loss = loss_of(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

correct = 0
with torch.no_grad():
    for x, t in test_loader:
        correct += (model(x).argmax(1) == t).sum().item()
print(correct / len(test_set))
