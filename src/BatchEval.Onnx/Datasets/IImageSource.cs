using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>A set of images that is read one after another, so that it may be larger than memory.</summary>
public interface IImageSource
{
    /// <summary>Where the images come from, for messages.</summary>
    string Name { get; }

    /// <summary>Number of images, at least 1.</summary>
    int Count { get; }

    /// <summary>Digest of names and sizes of what is read; another one means that a saved state no longer fits.</summary>
    string Identity { get; }

    /// <summary>What one image is called in messages.</summary>
    string NameOf(long index) => $"{Name}, image {index}";

    /// <summary>Reads the images in their fixed order. Grey images come with three equal channels.</summary>
    /// <param name="first">Index of the first image to give.</param>
    /// <exception cref="InvalidDataException">An image cannot be used; the message names it.</exception>
    IEnumerable<RgbImage> Read(int first = 0);
}
