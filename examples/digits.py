"""Handwritten digits in forty lines: a network, its loss, one compiled training step.

pip install 'chainrule[examples]'
python examples/digits.py
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule as cr

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype(np.float32)
split = train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0)
train_images, test_images, train_labels, test_labels = split

net = cr.nn.MLP.create((64, 128, 64, 10), seed=0)
optimizer = cr.optim.sgd(0.1, momentum=0.9)
state = optimizer.init(net)


def loss(net, x, labels):
    return cr.losses.cross_entropy(net(x), labels).mean()


@cr.compile(donate_argnames=("net", "state"))
def step(net, state, x, labels):
    value, grads = cr.value_and_grad(loss)(net, x, labels)
    updates, state = optimizer.update(grads, state, net)
    return cr.optim.apply_updates(net, updates), state, value


for epoch in range(40):
    data = (train_images, train_labels)
    for x, y in cr.data.batches(data, 32, seed=0, epoch=epoch, drop_last=True):
        net, state, value = step(net, state, x, y)
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}  loss of the last batch {value:.4f}")

# The same network is plain NumPy outside of a compiled function.
right = net(test_images).argmax(axis=1) == test_labels
print(f"test accuracy {right.mean():.2%}")
print(step.program(net, state, x, y).explain())
