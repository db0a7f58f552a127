"""The network in TensorFlow, for training, and in Keras, for taking away."""
