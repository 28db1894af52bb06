"""784-100-10 on MNIST with Keras."""

import keras
from digits import load

(x_train, t_train), (x_test, t_test) = load()
model = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10)])
model.compile(optimizer=keras.optimizers.Adam(0.002), metrics=["accuracy"],
              loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x_train, t_train, batch_size=100, epochs=3, verbose=0)
print(model.evaluate(x_test, t_test, batch_size=100, verbose=0)[1])
