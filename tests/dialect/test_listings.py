"""The listings of the courses run, with the word ``tensorflow`` replaced by ``minidl`` and nothing else.

First every code block of the four documents that minidl is made for, block by block; then listings that come later in the same courses,
written down here with their calls, and with few pictures and epochs. Sources: NeSI/REANNZ ml102_workshop; RSES "Introduction to Deep
Learning"; Carpentries incubator, intro-image-classification-cnn and machine-learning-neural-python (CC BY 4.0)."""
import re

import numpy as np
import pytest

# ---------------------------------------------------------------- RSES, slides: cross entropy

ENTROPY = """
import math
def get_entropy_loss(y, y_hat):
  if y ==1 :
    # Target is true
    return -math.log(y_hat)
  else:
    # Target is false
    return -math.log(1-y_hat)
"""


def test_the_entropy_of_one_answer_is_what_the_loss_computes(notebook):
    names = notebook.run(ENTROPY, "from minidl.keras.losses import BinaryCrossentropy")
    for y, y_hat in ((1, 0.8), (0, 0.8), (1, 0.1)):
        assert names["BinaryCrossentropy"]()([[y]], [[y_hat]]).item() == pytest.approx(names["get_entropy_loss"](y, y_hat), rel=1e-6)
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
        names["get_entropy_loss"](1, 0)
    assert np.isfinite(names["BinaryCrossentropy"]()([[1.0]], [[0.0]]).item())


# ---------------------------------------------------------------- CIFAR course, episode 1

PREPARE = """
# load the required packages
from minidl import keras # for neural networks
from sklearn.model_selection import train_test_split # for splitting data into sets
import matplotlib.pyplot as plt # for plotting

def prepare_dataset(train_images, train_labels):
    train_images = train_images / 255.0
    train_labels = keras.utils.to_categorical(train_labels, len(class_names))
    train_images, val_images, train_labels, val_labels = train_test_split(
    train_images, train_labels, test_size = 0.2, random_state=42)
    return train_images, val_images, train_labels, val_labels

(train_images, train_labels), (test_images, test_labels) = keras.datasets.cifar10.load_data()
class_names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
train_images, val_images, train_labels, val_labels = prepare_dataset(train_images, train_labels)
"""
SHAPES = """
print('Train: Images=%s, Labels=%s' % (train_images.shape, train_labels.shape))
print('Validate: Images=%s, Labels=%s' % (val_images.shape, val_labels.shape))
print('Test: Images=%s, Labels=%s' % (test_images.shape, test_labels.shape))
"""
PICTURES = """
fig, axes = plt.subplots(nrows=5, ncols=5, figsize=(10,10))
for i,ax in enumerate(axes.flat):
    ax.imshow(train_images[i])
    ax.axis('off')
    ax.set_title(class_names[train_labels[i,].argmax()])
plt.show()
"""
MODEL = """
def create_model_intro():
    inputs_intro = keras.Input(shape=train_images.shape[1:])
    x_intro = keras.layers.Conv2D(filters=16, kernel_size=(3,3), activation='relu')(inputs_intro)
    x_intro = keras.layers.MaxPooling2D(pool_size=(2,2))(x_intro)
    x_intro = keras.layers.Conv2D(filters=32, kernel_size=(3,3), activation='relu')(x_intro)
    x_intro = keras.layers.MaxPooling2D(pool_size=(2,2))(x_intro)
    x_intro = keras.layers.Flatten()(x_intro)
    x_intro = keras.layers.Dense(units=64, activation='relu')(x_intro)
    outputs_intro = keras.layers.Dense(units=10, activation='softmax')(x_intro)
    model_intro = keras.Model(inputs = inputs_intro, 
                              outputs = outputs_intro, 
                              name = "cifar_model_intro")
    return model_intro

model_intro = create_model_intro()
model_intro.summary()
"""  # noqa: W291
COMPILE = """
model_intro.compile(optimizer = keras.optimizers.Adam(),
                    loss = keras.losses.CategoricalCrossentropy(),
                    metrics = keras.metrics.CategoricalAccuracy())
"""
FIT = """
history_intro = model_intro.fit(x = train_images, y = train_labels,
                                batch_size = 32,
                                epochs = 10, 
                                validation_data = (val_images, val_labels))
"""  # noqa: W291
PREDICT = """
# normalize test dataset RGB values to be between 0 and 1
test_images = test_images / 255.0

# make prediction for the first test image
result_intro = model_intro.predict(test_images[0].reshape(1,32,32,3))
print(result_intro)

# extract class with highest probability
print(class_names[result_intro.argmax()])
"""
TITLE = """
plt.figure()
plt.imshow(test_images[0])
plt.title('True class:' + class_names[result_intro.argmax()])
plt.show()
"""
SAVE = "model_intro.save('fit_outputs/model_intro.keras')"


def test_the_first_episode_of_the_cifar_course(notebook, small_cifar10, capsys, tmp_path):
    notebook.run(PREPARE, SHAPES)
    assert capsys.readouterr().out.splitlines() == [
        "Train: Images=(80, 32, 32, 3), Labels=(80, 10)",
        "Validate: Images=(20, 32, 32, 3), Labels=(20, 10)",
        "Test: Images=(20, 32, 32, 3), Labels=(20, 1)",
    ]
    names = notebook.run(PICTURES, MODEL)
    assert " Total params: 79,530 (310.66 KB)" in capsys.readouterr().out
    with pytest.warns(UserWarning, match=r"write metrics=\[…\]"):
        notebook.run(COMPILE)
    notebook.run(FIT)
    printed = capsys.readouterr().out.splitlines()
    assert printed[::2] == [f"Epoch {i}/10" for i in range(1, 11)]
    assert re.fullmatch(r"3/3 ━{20} \d+s \d+ms/step - categorical_accuracy: .* - val_loss: \S+", printed[-1])
    assert names["history_intro"].history.keys() == {"loss", "categorical_accuracy", "val_loss", "val_categorical_accuracy"}
    assert names["history_intro"].history["loss"][-1] < names["history_intro"].history["loss"][0]
    notebook.run(PREDICT, TITLE)
    assert names["result_intro"].shape == (1, 10) and names["result_intro"].sum() == pytest.approx(1, abs=1e-6)
    assert capsys.readouterr().out.splitlines()[-1] in names["class_names"]


def test_the_model_of_the_cifar_course_is_saved_and_comes_back(notebook, small_cifar10):
    with pytest.warns(UserWarning, match=r"write metrics=\[…\]"):
        names = notebook.run(PREPARE, MODEL, COMPILE, SAVE)
    names = notebook.run("model_best = keras.models.load_model('fit_outputs/model_intro.keras')")
    x = names["val_images"]
    assert np.allclose(names["model_best"].predict(x, verbose=0), names["model_intro"].predict(x, verbose=0), atol=1e-6)


# ---------------------------------------------------------------- X-ray course, episode 4

XRAY = """
# Create the architecture of our convolutional neural network, using
# the minidl library
import minidl as tf

# set random seed for reproducibility
tf.random.set_seed(42)

from minidl.keras import optimizers
from minidl.keras.layers import Dense, Dropout, Conv2D, MaxPool2D, Input, add, GlobalAveragePooling2D
from minidl.keras.models import Model
from minidl.keras.callbacks import ModelCheckpoint
import minidl as tf

inputs = Input(shape=(256, 256, 1))

x = Conv2D(8, 3, padding='same', activation='relu')(inputs)
x = MaxPool2D()(x)
x = Conv2D(8, 3, padding='same', activation='relu')(x)
x = MaxPool2D()(x)
x = Conv2D(12, 3, padding='same', activation='relu')(x)
x = MaxPool2D()(x)
x = Conv2D(12, 3, padding='same', activation='relu')(x)
x = MaxPool2D()(x)
x = Conv2D(20, 5, padding='same', activation='relu')(x)
x = MaxPool2D()(x)
x = Conv2D(20, 5, padding='same', activation='relu')(x)
x = MaxPool2D()(x)
x = Conv2D(50, 5, padding='same', activation='relu')(x)
x = GlobalAveragePooling2D()(x)

x = Dense(128, activation='relu')(x)
x = Dropout(0.6)(x)
x = Dense(32, activation='relu')(x)

outputs = Dense(1, activation='sigmoid')(x)

model = Model(inputs=inputs, outputs=outputs)
"""


def test_the_net_of_the_x_ray_course(notebook, capsys):
    names = notebook.run(XRAY, "model.summary()")
    assert " Total params: 54,627 (213.39 KB)" in capsys.readouterr().out
    before = names["model"].get_weights()
    assert all((a == b).all() for a, b in zip(before, notebook.run(XRAY)["model"].get_weights())), "one seed, one net"


XRAY_TRAINING = """
from minidl.keras.preprocessing.image import ImageDataGenerator
datagen = ImageDataGenerator(rotation_range=5, width_shift_range=0.1, height_shift_range=0.1, shear_range=0.1, zoom_range=0.1,
                             horizontal_flip=True, fill_mode='nearest')
train_generator = datagen.flow(dataset_train, labels_train, batch_size=4)

model.compile(loss='binary_crossentropy', optimizer=optimizers.Adam(learning_rate=0.0001), metrics=['acc'])
hist = model.fit(train_generator, steps_per_epoch=len(dataset_train) // 4, epochs=2, validation_data=(dataset_val, labels_val))
plt.plot(hist.history['acc'])
plt.plot(hist.history['val_acc'])
predictions = model.predict(dataset_val)
test_loss = model.evaluate(dataset_val, labels_val, verbose=0)[1]
"""
SMALL_XRAY = XRAY.replace("(256, 256, 1)", "(64, 64, 1)")
XRAY_DATA = """
import numpy as np
import matplotlib.pyplot as plt
rng = np.random.default_rng(0)
dataset_train, labels_train = rng.random((8, 64, 64, 1)), np.array([0, 1] * 4)
dataset_val, labels_val = rng.random((4, 64, 64, 1)), np.array([0, 1] * 2)
"""


def test_the_x_ray_net_is_trained_with_a_generator(notebook):
    names = notebook.run(SMALL_XRAY, XRAY_DATA, XRAY_TRAINING)
    assert names["hist"].history.keys() == {"loss", "acc", "val_loss", "val_acc"}
    assert names["predictions"].shape == (4, 1) and 0 <= names["test_loss"] <= 1


CHECKPOINT = """
best_model = ModelCheckpoint(filepath='best_model.keras', monitor='val_loss', verbose=1, save_best_only=True)
model.compile(loss='binary_crossentropy', optimizer=optimizers.Adam(learning_rate=0.0001), metrics=['acc'])
hist = model.fit(dataset_train, labels_train, batch_size=4, epochs=2, validation_data=(dataset_val, labels_val), callbacks=[best_model])
from minidl.keras.models import load_model
best_model = load_model('best_model.keras')
results = best_model.evaluate(dataset_val, labels_val)
"""


def test_the_best_x_ray_net_is_kept(notebook, capsys):
    names = notebook.run(SMALL_XRAY, XRAY_DATA, CHECKPOINT)
    assert re.search(r"Epoch 1: val_loss improved from (inf|None) to \d\.\d{5}, saving model to best_model\.keras", capsys.readouterr().out)
    assert len(names["results"]) == 2


# ---------------------------------------------------------------- RSES, labs

CELSIUS = """
import minidl as tf
import numpy as np
import logging
logger = tf.get_logger()
logger.setLevel(logging.ERROR)

celsius_q    = np.array([-40, -10,  0,  8, 15, 22,  38],  dtype=float)
fahrenheit_a = np.array([-40,  14, 32, 46, 59, 72, 100],  dtype=float)

l0 = tf.keras.layers.Dense(units=1, input_shape=[1])
model = tf.keras.Sequential([l0])
model.compile(loss='mean_squared_error', optimizer=tf.keras.optimizers.Adam(0.1))
history = model.fit(celsius_q, fahrenheit_a, epochs=500, verbose=False)
import matplotlib.pyplot as plt
plt.plot(history.history['loss'])
print(model.predict([100.0]))
print("These are the layer variables: {}".format(l0.get_weights()))
"""
CELSIUS_DEEP = """
l0 = tf.keras.layers.Dense(units=4, input_shape=[1])
l1 = tf.keras.layers.Dense(units=4)
l2 = tf.keras.layers.Dense(units=1)
model = tf.keras.Sequential([l0, l1, l2])
model.compile(loss='mean_squared_error', optimizer=tf.keras.optimizers.Adam(0.1))
model.fit(celsius_q, fahrenheit_a, epochs=500, verbose=False)
"""


def test_celsius_to_fahrenheit(notebook):
    names = notebook.run(CELSIUS)
    assert names["model"].predict([100.0], verbose=0) == pytest.approx(np.array([[212.0]]), abs=4)
    kernel, bias = names["l0"].get_weights()
    assert kernel.shape == (1, 1) and abs(kernel[0, 0] - 1.8) < 0.1 and abs(bias[0] - 32) < 5
    names = notebook.run(CELSIUS_DEEP)
    assert names["model"].predict([100.0], verbose=0) == pytest.approx(np.array([[212.0]]), abs=4)


FASHION = """
import minidl as tf
import numpy as np
import math
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.fashion_mnist.load_data()
train_dataset = tf.data.Dataset.from_tensor_slices((train_images[..., np.newaxis], train_labels))
test_dataset = tf.data.Dataset.from_tensor_slices((test_images[..., np.newaxis], test_labels))
num_train_examples, num_test_examples = len(train_images), len(test_images)

def normalize(images, labels):
  images = tf.cast(images, tf.float32)
  images /= 255
  return images, labels

train_dataset =  train_dataset.map(normalize)
test_dataset  =  test_dataset.map(normalize)
train_dataset =  train_dataset.cache()
test_dataset  =  test_dataset.cache()

for image, label in test_dataset.take(1):
  break
image = image.numpy().reshape((28,28))

model = tf.keras.Sequential([
    tf.keras.layers.Flatten(input_shape=(28, 28, 1)),
    tf.keras.layers.Dense(128, activation=tf.nn.relu),
    tf.keras.layers.Dense(10)
])
model.compile(optimizer='adam',
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
BATCH_SIZE = 32
train_dataset = train_dataset.cache().repeat().shuffle(num_train_examples).batch(BATCH_SIZE)
test_dataset = test_dataset.cache().batch(BATCH_SIZE)
history = model.fit(train_dataset, epochs=2, steps_per_epoch=math.ceil(num_train_examples/BATCH_SIZE))
test_loss, test_accuracy = model.evaluate(test_dataset, steps=math.ceil(num_test_examples/32))
for test_images, test_labels in test_dataset.take(1):
  test_images = test_images.numpy()
  test_labels = test_labels.numpy()
  predictions = tf.nn.softmax(model.predict(test_images))
print(predictions.shape, np.argmax(predictions[0]), test_labels[0])
img = np.array([test_images[0]])
print(np.argmax(model.predict(img)[0]))
"""


def test_clothes_with_a_dense_net(notebook, small_fashion):
    names = notebook.run(FASHION)
    assert names["predictions"].shape == (20, 10)
    assert names["history"].history.keys() == {"loss", "accuracy"}
    assert 0 <= names["test_accuracy"] <= 1


FASHION_CNN = """
import minidl as tf
from minidl.keras.datasets import fashion_mnist
(train_images, train_labels), (test_images, test_labels) = fashion_mnist.load_data()
train_images, test_images = train_images[..., None] / 255.0, test_images[..., None] / 255.0
model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(32, (3,3), padding='same', activation=tf.nn.relu, input_shape=(28, 28, 1)),
    tf.keras.layers.MaxPooling2D((2, 2), strides=2),
    tf.keras.layers.Conv2D(64, (3,3), padding='same', activation=tf.nn.relu),
    tf.keras.layers.MaxPooling2D((2, 2), strides=2),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(128, activation=tf.nn.relu),
    tf.keras.layers.Dense(10)
])
model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy', 'mse'])
history = model.fit(train_images, train_labels, epochs=1, validation_split=0.2, verbose=2)
score = model.evaluate(test_images, test_labels, verbose=2)
matrix = tf.math.confusion_matrix(test_labels, tf.argmax(model.predict(test_images), axis=1))
"""


def test_clothes_with_a_convolutional_net(notebook, small_fashion):
    with pytest.warns(UserWarning, match="the metric 'mse' compares each class number"):
        names = notebook.run(FASHION_CNN)
    assert names["history"].history.keys() == {"loss", "accuracy", "mse", "val_loss", "val_accuracy", "val_mse"}
    assert names["model"].count_params() == 421_642
    assert names["matrix"].numpy().sum() == 20


PETS = """
import os
import minidl as tf
from minidl.keras.preprocessing.image import ImageDataGenerator
import numpy as np
train_dir, validation_dir = os.path.join(base_dir, 'train'), os.path.join(base_dir, 'validation')
BATCH_SIZE, IMG_SHAPE = 4, 32

image_gen_train = ImageDataGenerator(rescale=1./255, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2,
                                     shear_range=0.2, zoom_range=0.2, horizontal_flip=True, fill_mode='nearest')
train_data_gen = image_gen_train.flow_from_directory(batch_size=BATCH_SIZE, directory=train_dir, shuffle=True,
                                                     target_size=(IMG_SHAPE,IMG_SHAPE), class_mode='binary')
val_data_gen = ImageDataGenerator(rescale=1./255).flow_from_directory(batch_size=BATCH_SIZE, directory=validation_dir, shuffle=False,
                                                     target_size=(IMG_SHAPE,IMG_SHAPE), class_mode='binary')
augmented_images = [train_data_gen[0][0][0] for i in range(5)]
sample_training_images, _ = next(train_data_gen)

model = tf.keras.models.Sequential([
    tf.keras.layers.Conv2D(32, (3,3), activation='relu', input_shape=(IMG_SHAPE, IMG_SHAPE, 3)),
    tf.keras.layers.MaxPooling2D(2, 2),
    tf.keras.layers.Conv2D(64, (3,3), activation='relu'),
    tf.keras.layers.MaxPooling2D(2,2),
    tf.keras.layers.Dropout(0.5),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(64, activation='relu'),
    tf.keras.layers.Dense(2)
])
model.compile(optimizer='adam',
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
history = model.fit(train_data_gen,
    steps_per_epoch=int(np.ceil(train_data_gen.n / float(BATCH_SIZE))),
    epochs=2,
    validation_data=val_data_gen,
    validation_steps=int(np.ceil(val_data_gen.n / float(BATCH_SIZE))))
acc, val_acc = history.history['accuracy'], history.history['val_accuracy']
"""


def test_cats_and_dogs_with_generators(notebook, photos, capsys):
    photos("pets/train", ["cats", "dogs"], n=5)
    base = photos("pets/validation", ["cats", "dogs"], n=3).parent
    notebook.names["base_dir"] = str(base)
    names = notebook.run(PETS)
    assert "Found 10 images belonging to 2 classes.\nFound 6 images belonging to 2 classes.\n" in capsys.readouterr().out
    assert names["history"].epoch == [0, 1] and len(names["val_acc"]) == 2
    assert names["sample_training_images"].shape == (4, 32, 32, 3)


# ---------------------------------------------------------------- NeSI: flowers, fine-tuning

FLOWERS = """
import matplotlib.pyplot as plt
import numpy as np
import minidl as tf
from minidl import keras
from minidl.keras import layers
from minidl.keras.models import Sequential

batch_size, img_height, img_width = 4, 24, 20
train_ds = tf.keras.utils.image_dataset_from_directory(data_dir, validation_split=0.2, subset="training", seed=123,
  image_size=(img_height, img_width), batch_size=batch_size)
val_ds = tf.keras.utils.image_dataset_from_directory(data_dir, validation_split=0.2, subset="validation", seed=123,
  image_size=(img_height, img_width), batch_size=batch_size)
class_names = train_ds.class_names

plt.figure(figsize=(10, 10))
for images, labels in train_ds.take(1):
  for i in range(4):
    ax = plt.subplot(3, 3, i + 1)
    plt.imshow(images[i].numpy().astype("uint8"))
    plt.title(class_names[labels[i]])
    plt.axis("off")

AUTOTUNE = tf.data.AUTOTUNE
train_ds = train_ds.cache().shuffle(1000).prefetch(buffer_size=AUTOTUNE)
val_ds = val_ds.cache().prefetch(buffer_size=AUTOTUNE)

normalization_layer = layers.Rescaling(1./255)
normalized_ds = train_ds.map(lambda x, y: (normalization_layer(x), y))
image_batch, labels_batch = next(iter(normalized_ds))
first_image = image_batch[0]
low, high = np.min(first_image), np.max(first_image)

data_augmentation = keras.Sequential([
    layers.RandomFlip("horizontal", input_shape=(img_height, img_width, 3)),
    layers.RandomRotation(0.1),
    layers.RandomZoom(0.1),
])
num_classes = len(class_names)
model = Sequential([
  data_augmentation,
  layers.Rescaling(1./255),
  layers.Conv2D(16, 3, padding='same', activation='relu'),
  layers.MaxPooling2D(),
  layers.Conv2D(32, 3, padding='same', activation='relu'),
  layers.MaxPooling2D(),
  layers.Dropout(0.2),
  layers.Flatten(),
  layers.Dense(128, activation='relu'),
  layers.Dense(num_classes, name="outputs")
])
model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
model.summary()
history = model.fit(train_ds, validation_data=val_ds, epochs=2)

img = tf.keras.utils.load_img(sunflower_path, target_size=(img_height, img_width))
img_array = tf.keras.utils.img_to_array(img)
img_array = tf.expand_dims(img_array, 0)
predictions = model.predict(img_array)
score = tf.nn.softmax(predictions[0])
print("This image most likely belongs to {} with a {:.2f} percent confidence."
    .format(class_names[np.argmax(score)], 100 * np.max(score)))
"""
UNBUILT_AUGMENTATION = """
data_augmentation = tf.keras.Sequential([
  layers.RandomFlip("horizontal_and_vertical"),
  layers.RandomRotation(0.2),
])
model = tf.keras.Sequential([data_augmentation, layers.Rescaling(1./255), layers.Flatten(), layers.Dense(num_classes)])
model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
history = model.fit(train_ds, validation_data=val_ds, epochs=1)
image = next(iter(train_ds))[0][0]
image = tf.cast(tf.expand_dims(image, 0), tf.float32)
augmented_image = data_augmentation(image)
"""


def test_flowers(notebook, photos, capsys):
    folder = photos("flowers", ["daisy", "rose", "tulip"], n=10)
    notebook.names |= {"data_dir": folder, "sunflower_path": folder / "daisy" / "daisy0.png"}
    names = notebook.run(FLOWERS)
    assert "most likely belongs to" in capsys.readouterr().out
    assert names["class_names"] == ["daisy", "rose", "tulip"]
    assert 0 <= names["low"] < names["high"] <= 1
    assert names["history"].history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    names = notebook.run(UNBUILT_AUGMENTATION)
    assert names["augmented_image"].shape == (1, 24, 20, 3)


FINE_TUNING = """
base_learning_rate = 0.01
base_model.trainable = False
inputs = tf.keras.Input(shape=(24, 20, 3))
x = data_augmentation(inputs)
x = tf.keras.layers.Rescaling(1./127.5, offset=-1)(x)
x = base_model(x, training=False)
x = tf.keras.layers.GlobalAveragePooling2D()(x)
x = tf.keras.layers.Dropout(0.2)(x)
outputs = tf.keras.layers.Dense(1)(x)
model = tf.keras.Model(inputs, outputs)
model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=base_learning_rate),
              loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
              metrics=['accuracy'])
first = len(model.trainable_variables)
frozen = base_model.get_weights()
loss0, accuracy0 = model.evaluate(validation_dataset)
history = model.fit(train_dataset, epochs=2, validation_data=validation_dataset)
after_first = base_model.get_weights()

base_model.trainable = True
fine_tune_at = 2
for layer in base_model.layers[:fine_tune_at]:
  layer.trainable = False
model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
              optimizer = tf.keras.optimizers.RMSprop(learning_rate=base_learning_rate/10),
              metrics=['accuracy'])
second = len(model.trainable_variables)
history_fine = model.fit(train_dataset, epochs=4, initial_epoch=history.epoch[-1], validation_data=validation_dataset)

image_batch, label_batch = validation_dataset.as_numpy_iterator().next()
predictions = model.predict_on_batch(image_batch).flatten()
predictions = tf.nn.sigmoid(predictions)
predictions = tf.where(predictions < 0.5, 0, 1)
print('Predictions:\\n', predictions.numpy())
val_batches = tf.data.experimental.cardinality(validation_dataset)
"""
BASE = """
import minidl as tf
from minidl.keras import layers
base_model = tf.keras.Sequential([layers.Conv2D(4, 3, input_shape=(24, 20, 3)), layers.BatchNormalization(), layers.Conv2D(5, 3)])
data_augmentation = tf.keras.Sequential([layers.RandomFlip('horizontal')])
train_dataset = tf.keras.utils.image_dataset_from_directory(data_dir, image_size=(24, 20), batch_size=4, shuffle=True)
validation_dataset = tf.keras.utils.image_dataset_from_directory(data_dir, image_size=(24, 20), batch_size=4, shuffle=True)
"""


def test_fine_tuning(notebook, photos):
    """The nets of others are left out, so the base model is a small one of one's own."""
    notebook.names["data_dir"] = photos("pets", ["cats", "dogs"], n=6)
    names = notebook.run(BASE, FINE_TUNING)
    assert (names["first"], names["second"]) == (2, 4)
    assert all((a == b).all() for a, b in zip(names["frozen"], names["after_first"]))
    final = names["base_model"].get_weights()
    changed = [(a != b).any() for a, b in zip(names["after_first"], final)]
    assert changed == [False] * 6 + [True] * 2, "training=False keeps the moving mean, though the net is trained"
    assert names["history_fine"].epoch == [1, 2, 3]
    assert set(names["predictions"].numpy()) <= {0, 1} and int(names["val_batches"]) == 3


# ---------------------------------------------------------------- CIFAR course, later episodes

CIFAR_DROPOUT = """
def create_model_dropout_vary(dropout_rate):
    inputs_vary = keras.Input(shape=train_images.shape[1:])
    x_vary = keras.layers.Conv2D(filters=16, kernel_size=(3,3), activation='relu')(inputs_vary)
    x_vary = keras.layers.MaxPooling2D(pool_size=(2,2))(x_vary)
    x_vary = keras.layers.Dropout(rate=dropout_rate)(x_vary)
    x_vary = keras.layers.Flatten()(x_vary)
    outputs_vary = keras.layers.Dense(units=10, activation='softmax')(x_vary)
    return keras.Model(inputs=inputs_vary, outputs=outputs_vary, name="cifar_model_vary_dropout")

dropout_rates = [0.15, 0.3, 0.45, 0.6, 0.75]
test_losses_vary = []
for dropout_rate in dropout_rates:
    model_vary = create_model_dropout_vary(dropout_rate)
    model_vary.compile(optimizer = keras.optimizers.Adam(),
                       loss = keras.losses.CategoricalCrossentropy(),
                       metrics = [keras.metrics.CategoricalAccuracy()])
    model_vary.fit(x = train_images, y = train_labels, batch_size = 32, epochs = 1,
                   validation_data = (val_images, val_labels))
    test_loss, test_acc = model_vary.evaluate(val_images, val_labels)
    test_losses_vary.append(test_loss)
"""
CIFAR_ACTIVATIONS = """
from minidl.keras.layers import LeakyReLU
def create_model_act(activation_function):
    inputs_act = keras.Input(shape=train_images.shape[1:])
    x_act = keras.layers.Conv2D(16, (3, 3), activation=activation_function)(inputs_act)
    x_act = keras.layers.MaxPooling2D((2, 2))(x_act)
    x_act = keras.layers.Flatten()(x_act)
    x_act = keras.layers.Dense(8, activation=activation_function)(x_act)
    outputs_act = keras.layers.Dense(10)(x_act)
    return keras.Model(inputs=inputs_act, outputs=outputs_act, name="cifar_model_activation")

activations = ['relu', 'sigmoid', 'tanh', 'selu', keras.layers.LeakyReLU()]
history_data = {}
for activation in activations:
    model_act = create_model_act(activation)
    model_act.compile(optimizer='adam', loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
    history_act = model_act.fit(train_images, train_labels, epochs=1, validation_data=(val_images, val_labels))
    history_data[str(activation)] = history_act.history
"""
CIFAR_SEARCH = """
from minidl.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV
def create_model():
    inputs = keras.Input(shape=train_images.shape[1:])
    x = keras.layers.Conv2D(4, (3, 3), activation='relu')(inputs)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(units=10, activation='softmax')(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer = keras.optimizers.Adam(), loss = keras.losses.CategoricalCrossentropy(),
                  metrics = [keras.metrics.CategoricalAccuracy()])
    return model

model = KerasClassifier(model=create_model, epochs=1, batch_size=32, verbose=0)
optimizer = ['SGD', 'RMSprop', 'Adam']
param_grid = dict(optimizer=optimizer)
grid = GridSearchCV(estimator=model, param_grid=param_grid, n_jobs=1, cv=3)
grid_result = grid.fit(train_images, train_labels)
print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))
"""


def test_the_later_episodes_of_the_cifar_course(notebook, small_cifar10, capsys):
    names = notebook.run(PREPARE, CIFAR_DROPOUT, CIFAR_ACTIVATIONS)
    assert len(names["test_losses_vary"]) == 5 and len(names["history_data"]) == 5
    with pytest.warns(UserWarning, match="compiles it with an optimizer of its own") as caught:
        names = notebook.run(CIFAR_SEARCH)
    assert len(caught) == 1, "once, not for each of nine nets"
    assert re.search(r"Best: 0\.\d+ using \{'optimizer': '(SGD|RMSprop|Adam)'\}", capsys.readouterr().out)


# ---------------------------------------------------------------- a loop of one's own

LOOP = """
import minidl as tf
model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(3,))])
optimizer = tf.keras.optimizers.SGD(0.1)
loss_fn = tf.keras.losses.MeanSquaredError()
losses = []

@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

x = tf.random.normal([16, 3])
y = tf.reduce_sum(x, axis=1, keepdims=True)
for _ in range(50):
    losses.append(float(train_step(x, y)))
"""


def test_a_training_loop_with_a_tape(notebook):
    losses = notebook.run(LOOP)["losses"]
    assert losses[-1] < 1e-3 < losses[0]
