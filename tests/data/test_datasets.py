"""Datasets: every step against what it says, lazily and again and again, and training on them."""

import itertools

import numpy as np
import pytest

import minidl
from minidl.data.datasets import AUTOTUNE, Dataset, cardinality
from minidl.tensor import Tensor


def numbers(dataset):
    """A Dataset of numbers (or pairs, batches, …) as Python lists."""

    def plain(x):
        return tuple(map(plain, x)) if isinstance(x, tuple) else {k: plain(v) for k, v in x.items()} if isinstance(x, dict) else x.tolist()

    return [plain(x) for x in dataset.as_numpy_iterator()]


def test_elements_are_tensors_of_ones_own():
    x = np.arange(6, dtype="float32").reshape(3, 2)
    data = Dataset.from_tensor_slices((x, np.array([0, 1, 2], "uint8")))
    image, label = next(iter(data))
    assert isinstance(image, Tensor) and isinstance(label, Tensor)
    assert image.shape == (2,) and image.dtype == np.float32 and label.shape == () and label.dtype == np.uint8
    assert ["a", "b", "c"][label] == "a"
    image /= 2
    image[...] = 7
    np.testing.assert_array_equal(x, np.arange(6).reshape(3, 2))
    for element in data.as_numpy_iterator():
        element[0][...] = 7
    np.testing.assert_array_equal(x, np.arange(6).reshape(3, 2))
    assert len(list(data)) == len(data) == 3


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        ([1, 2], np.int32, [1, 2]),
        ([2**40], np.int64, [2**40]),
        ([0.5, 1], np.float32, [0.5, 1]),
        ([True], np.bool_, [True]),
        (np.array([0.5]), np.float64, [0.5]),
        ([Tensor([1.0]), Tensor([2.0])], np.float64, [[1], [2]]),
        (Tensor(np.array([1], "uint8")), np.uint8, [1]),
    ],
)
def test_what_slices_are_made_of(given, dtype, expected):
    data = Dataset.from_tensor_slices(given)
    assert numbers(data) == expected
    assert next(iter(data)).dtype == dtype


def test_structures_and_texts():
    data = Dataset.from_tensor_slices(({"a": [1, 2], "b": np.zeros((2, 3))}, ["x.png", "y.png"]))
    first, name = next(iter(data))
    assert first["a"].item() == 1 and first["b"].shape == (3,) and name == "x.png" and type(name) is str
    assert numbers(data.map(lambda d, name: {"c": d["a"] + 1, "n": len(name)})) == [{"c": 2, "n": 5}, {"c": 3, "n": 5}]
    assert [names.tolist() for _, names in data.batch(2)] == [["x.png", "y.png"]]
    assert [name for _, name in data.batch(2).unbatch()] == ["x.png", "y.png"]


@pytest.mark.parametrize("given", [3, (np.zeros(2), np.zeros(3)), (np.zeros(2), 1), ()])
def test_slices_of_one_length(given):
    with pytest.raises(ValueError, match="arrays of one length"):
        Dataset.from_tensor_slices(given)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Dataset.range(5), [0, 1, 2, 3, 4]),
        (Dataset.range(1, 9, 3), [1, 4, 7]),
        (Dataset.range(5).take(2), [0, 1]),
        (Dataset.range(5).take(-1), [0, 1, 2, 3, 4]),
        (Dataset.range(5).take(9), [0, 1, 2, 3, 4]),
        (Dataset.range(5).skip(3), [3, 4]),
        (Dataset.range(5).skip(9), []),
        (Dataset.range(5).batch(2), [[0, 1], [2, 3], [4]]),
        (Dataset.range(5).batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
        (Dataset.range(4).batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
        (Dataset.range(2).repeat(3), [0, 1] * 3),
        (Dataset.range(2).repeat(0), []),
        (Dataset.range(0).repeat(), []),
        (Dataset.range(2).concatenate(Dataset.range(3)), [0, 1, 0, 1, 2]),
        (Dataset.range(3).enumerate(start=5), [(5, 0), (6, 1), (7, 2)]),
        (Dataset.zip(Dataset.range(3), Dataset.range(2)), [(0, 0), (1, 1)]),
        (Dataset.zip((Dataset.range(2), Dataset.range(3).repeat())), [(0, 0), (1, 1)]),
        (Dataset.range(3).map(lambda i: i * 2, num_parallel_calls=AUTOTUNE, deterministic=True), [0, 2, 4]),
        (Dataset.range(3).map(lambda i: (i, [i, i])), [(0, [0, 0]), (1, [1, 1]), (2, [2, 2])]),
        (Dataset.range(3).cache().prefetch(AUTOTUNE), [0, 1, 2]),
        (Dataset.range(0), []),
    ],
)
def test_what_comes_and_how_many(data, expected):
    assert numbers(data) == expected
    assert numbers(data) == expected  # again
    assert len(data) == data.cardinality() == data.cardinality().numpy() == cardinality(data) == len(expected)


def test_a_batch_is_of_one_shape():
    with pytest.raises(ValueError, match=r"elements of one shape; these have \(2,\), \(1,\): resize"):
        list(Dataset.range(3).batch(2).batch(2))


def test_filter_and_unbatch_do_not_know_how_many():
    data = Dataset.range(6).filter(lambda i: i > 3)
    assert numbers(data) == [4, 5]
    assert numbers(Dataset.range(5).batch(2).unbatch()) == [0, 1, 2, 3, 4]
    made = (data.batch(2), data.take(1), data.skip(1), data.repeat(2), data.concatenate(data), Dataset.range(5).batch(2).unbatch())
    for unknown in (data, *made):
        assert unknown.cardinality() == -2 and not unknown.endless and bool(unknown)
        with pytest.raises(TypeError, match="not known"):
            len(unknown)


def test_endless():
    data = Dataset.range(2).repeat()
    assert numbers(data.take(5)) == [0, 1, 0, 1, 0] and len(data.take(5)) == 5
    made = (data.skip(1), data.batch(2), data.batch(2).unbatch(), data.map(lambda i: i), data.shuffle(3), data.concatenate(data))
    for endless in (data, *made):
        assert endless.endless and endless.cardinality() == -1 and bool(endless)
        with pytest.raises(TypeError, match="infinite"):
            len(endless)
        assert len(list(itertools.islice(endless, 7))) == 7


def test_counts_divide():
    data = Dataset.range(160)
    batches = cardinality(data)
    assert batches // 5 == 32 and len(data.take(batches // 5)) == 32 and f"{batches}" == "160"


def test_nothing_is_made_before_it_is_asked_for():
    made = []
    data = Dataset.range(10).map(lambda i: made.append(int(i)) or i).batch(2).map(lambda b: b + 1)
    assert made == []
    assert numbers(data.take(1)) == [[1, 2]] and made == [0, 1]
    steps = iter(data)
    next(steps)
    assert made == [0, 1, 0, 1]


def test_cache_keeps_what_was_gone_through_to_the_end():
    made = []
    data = Dataset.range(3).map(lambda i: made.append(int(i)) or i * 1.0).cache()
    numbers(data.take(2))
    assert made == [0, 1]
    for element in data:
        element += 5
    assert made == [0, 1, 0, 1, 2]
    assert numbers(data) == [0, 1, 2] and made == [0, 1, 0, 1, 2]
    with pytest.raises(ValueError, match="not in a file"):
        data.cache("there")


def test_map_records_nothing():
    w = Tensor([2.0], requires_grad=True)
    (y,) = Dataset.from_tensor_slices([[3.0]]).map(lambda x: x * w)
    assert y.item() == 6 and not y.requires_grad


@pytest.mark.parametrize(("result", "error"), [(None, ValueError), (object(), TypeError), ((1, None), ValueError)])
def test_what_map_may_return(result, error):
    with pytest.raises(error, match="an element of a Dataset"):
        list(Dataset.range(2).map(lambda i: result))


def test_layers_in_map():
    scale = minidl.layers.Rescaling(0.5)
    data = Dataset.from_tensor_slices((np.full((4, 2, 2, 3), 8, "float32"), np.arange(4))).batch(2).map(lambda x, y: (scale(x), y))
    images, labels = next(iter(data))
    assert images.shape == (2, 2, 2, 3) and images.numpy().max() == 4 and labels.numpy().tolist() == [0, 1]


# -------------------------------------------------------------------- chance


@pytest.mark.parametrize("size", [1, 3, 10, 99])
def test_shuffled_is_each_once(size):
    data = Dataset.range(10).shuffle(size, seed=1)
    order = numbers(data)
    assert sorted(order) == list(range(10)) and len(data) == 10
    assert (order == list(range(10))) == (size == 1)
    assert all(order.index(i) >= i - size + 1 for i in range(10))  # nothing comes before it has been in the buffer


def test_every_place_is_equally_likely():
    minidl.set_seed(0)
    data = Dataset.range(4).shuffle(4)
    counts = np.zeros((4, 4))
    for _ in range(2000):
        for place, number in enumerate(numbers(data)):
            counts[place, number] += 1
    assert abs(counts / 2000 - 0.25).max() < 0.04


def test_orders_are_new_and_repeatable():
    def orders(dataset):
        return [numbers(dataset) for _ in range(3)]

    seeded = orders(Dataset.range(20).shuffle(20, seed=3))
    assert seeded[0] != seeded[1] != seeded[2] and seeded == orders(Dataset.range(20).shuffle(20, seed=3))
    assert seeded != orders(Dataset.range(20).shuffle(20, seed=4))
    for again in (None, True, False):
        found = []
        for _ in range(2):
            minidl.set_seed(5)
            found.append(orders(Dataset.range(20).shuffle(20, reshuffle_each_iteration=again)))
        assert found[0] == found[1]
        assert (found[0][0] == found[0][1]) == (again is False)
    fixed = Dataset.range(20).shuffle(20, seed=3, reshuffle_each_iteration=False)
    assert orders(fixed)[0] == orders(fixed)[2]


def test_two_passes_at_once_do_not_disturb_each_other():
    data = Dataset.range(20).shuffle(5, seed=3)
    a, b = zip(*zip(data.as_numpy_iterator(), data.as_numpy_iterator()))
    assert sorted(a) == sorted(b) == list(range(20)) and a != b


# -------------------------------------------------------------------- what is said


def test_class_names_go_along():
    data = Dataset(lambda: iter([np.zeros(2)]), 1, ("cat", "dog"))
    made = data.map(lambda x: x).batch(1).shuffle(3).take(1).skip(0).cache().prefetch(1).repeat(2).filter(bool).enumerate()
    for other in (data, made, data.unbatch()):
        assert other.class_names == ["cat", "dog"]
    with pytest.raises(AttributeError, match="no class_names: those of image_dataset_from_directory"):
        _ = Dataset.range(2).class_names


def test_element_spec_and_repr():
    minidl.set_seed(0)
    data = Dataset.from_tensor_slices((np.zeros((5, 2, 3), "float32"), np.arange(5))).shuffle(5)
    assert data.element_spec == (((2, 3), np.float32), ((), np.int64))
    assert data.batch(2).map(lambda x, y: x).element_spec == ((None, 2, 3), np.float32)
    assert data.batch(2, drop_remainder=True).element_spec[0].shape == (2, 2, 3)
    assert data.batch(2).unbatch().element_spec[0].shape == (2, 3)
    order = numbers(Dataset.range(9).shuffle(9))
    minidl.set_seed(0)
    assert numbers(Dataset.range(9).shuffle(9)) == order  # looking drew no random numbers
    assert repr(data) == "<Dataset: 5 elements>" and "endless" in repr(data.repeat()) and "unknown" in repr(data.unbatch())
    with pytest.raises(ValueError, match="no elements"):
        _ = Dataset.range(0).element_spec


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (lambda d: d.batch(0), ValueError, "batch_size must be a whole number ≥ 1"),
        (lambda d: d.batch(2, drop_remainder=1), ValueError, "drop_remainder must be True or False"),
        (lambda d: d.batch(2, drop_remaindr=True), TypeError, "did you mean 'drop_remainder'"),
        (lambda d: d.shuffle(0), ValueError, "buffer_size"),
        (lambda d: d.shuffle(2, seed=-1), ValueError, "seed must be"),
        (lambda d: d.shuffle(2, reshuffle=False), TypeError, "reshuffle_each_iteration"),
        (lambda d: d.map(len, num_parallel=2), TypeError, "num_parallel_calls"),
        (lambda d: d.take(-2), ValueError, "count"),
        (lambda d: d.skip(-1), ValueError, "count"),
        (lambda d: d.repeat(1.5), ValueError, "count"),
        (lambda d: d.prefetch(-2), ValueError, "buffer_size"),
        (lambda d: d.enumerate(-1), ValueError, "start"),
        (lambda d: Dataset.zip(d, [1]), TypeError, "zip takes Datasets"),
        (lambda d: d.shufle(2), AttributeError, "did you mean 'shuffle'"),
    ],
)
def test_what_is_refused(step, error, message):
    with pytest.raises(error, match=message):
        step(Dataset.range(4))


# -------------------------------------------------------------------- training


def model():
    made = minidl.Sequential([minidl.Input((2,)), minidl.layers.Dense(3, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


X = np.random.default_rng(0).normal(size=(10, 2)).astype("float32")
Y = np.arange(10) % 3


def test_training_on_a_dataset_is_training_on_its_arrays(capsys):
    found = []
    for x, y, batch_size in ((X, Y, 4), (Dataset.from_tensor_slices((X, Y)).batch(4), None, None)):
        minidl.set_seed(1)
        net = model()
        history = net.fit(x, y, batch_size=batch_size, epochs=2, shuffle=False, validation_data=(x, y) if y is not None else x, verbose=1)
        scores = net.evaluate(x, y, batch_size=batch_size, verbose=0)
        found.append((history.history, scores, net.predict(x, batch_size=batch_size, verbose=0)))
        assert "3/3" in capsys.readouterr().out
    assert found[0][0] == found[1][0] and found[0][1] == found[1][1]
    np.testing.assert_array_equal(found[0][2], found[1][2])


def test_one_seed_is_one_run():
    data = Dataset.from_tensor_slices((X, Y)).shuffle(10).batch(4).prefetch(AUTOTUNE)
    losses = []
    for _ in range(2):
        minidl.set_seed(2)
        losses.append(model().fit(data, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_steps_of_an_endless_dataset():
    data = Dataset.from_tensor_slices((X, Y)).batch(4).repeat()
    history = model().fit(data, steps_per_epoch=5, epochs=2, validation_data=data, validation_steps=1, verbose=0)
    assert len(history.history["val_loss"]) == 2
    for use in (lambda m: m.fit(data), lambda m: m.predict(data), lambda m: m.evaluate(data), lambda m: m.fit(X, Y, validation_data=data)):
        with pytest.raises(ValueError, match=r"repeats without end: say how many batches"):
            use(model())


def test_pictures_of_a_batch_can_be_shown_and_joined():
    data = Dataset.from_tensor_slices((np.zeros((5, 2, 2, 3), "float32"), np.arange(5))).batch(2)
    assert np.concatenate([labels for _, labels in data], axis=0).tolist() == [0, 1, 2, 3, 4]
    for images, labels in data.take(1):
        assert images[0].numpy().astype("uint8").shape == (2, 2, 3)
        assert np.argmax(images[0]) == 0 and [f"{i}" for i in "abc"][labels[1]] == "b"
