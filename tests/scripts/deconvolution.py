"""A blurred signal and its spectrum: the losses of deconvolution by FFT, as one writes them in NumPy."""

import numpy as np

__all__ = ["blur", "loss", "misfit", "spectral_slope"]


def kernel(width, n):
    """A periodic Gaussian of unit sum."""
    distance = np.arange(n)
    distance = np.minimum(distance, n - distance)
    k = np.exp(-0.5 * (distance / width) ** 2)
    return k / np.sum(k)


def blur(signal, width):
    """Circular convolution by the convolution theorem."""
    n = signal.shape[0]
    return np.fft.irfft(np.fft.rfft(signal) * np.fft.rfft(kernel(width, n)), n)


def misfit(signal, width, observed):
    """Squares of the residuals, and a penalty on the power at high frequencies."""
    residual = blur(signal, width) - observed
    power = np.abs(np.fft.rfft(signal)) ** 2
    return np.sum(residual**2) + 1e-2 * np.sum(power * np.fft.rfftfreq(signal.shape[0]) ** 2)


def loss(image, observed):
    """The same in two dimensions with a transfer function, residuals weighted in Fourier space."""
    rows, columns = observed.shape
    transfer = 1 / (1 + 4 * (np.fft.fftfreq(rows)[:, None] ** 2 + np.fft.fftfreq(columns) ** 2))
    spectrum = np.fft.fft2(image) * transfer - np.fft.fft2(observed)
    return np.real(np.sum(spectrum * np.conj(spectrum) / (1 + np.abs(transfer)))) / image.size


def spectral_slope(signal):
    """The derivative of the square of a periodic signal, taken in Fourier space."""
    n = signal.shape[0]
    return np.real(np.fft.ifft(2j * np.pi * n * np.fft.fftfreq(n) * np.fft.fft(signal**2)))
