using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Datasets;

/// <summary>Opens whatever images a path names.</summary>
public static class ImageSources
{
    /// <summary>What can be opened, in words for help texts.</summary>
    public const string Kinds = "a folder of PNG, JPEG, WebP, BMP or GIF images, an .npz (arr_0) or .npy of bytes, an IDX file (MNIST), or binary CIFAR-10";

    private static readonly string[] PickleEndings = [".pkl", ".pickle", ".pt", ".pth"];

    /// <summary>Opens a source of at least two images.</summary>
    /// <param name="path">A folder or file.</param>
    /// <param name="range">Values of black and white in arrays of floating point, which are refused without.</param>
    /// <exception cref="InvalidDataException">Nothing there, another format, damaged, or fewer than two images.</exception>
    public static IImageSource Open(string path, PixelRange? range = null)
    {
        IImageSource source = Directory.Exists(path) ? OpenFolder(path)
            : File.Exists(path) ? OpenFile(path, range)
            : throw new InvalidDataException($"'{path}' does not exist; expected {Kinds}.");
        return RequireTwo(source);
    }

    /// <summary>Refuses a source from which no statistics can be computed.</summary>
    public static T RequireTwo<T>(T source)
        where T : IImageSource => source.Count >= 2 ? source : throw new InvalidDataException($"{source.Name} holds {source.Count} image; at least 2 are needed.");

    /// <summary>Refuses a pickled file and says how to convert it.</summary>
    /// <exception cref="InvalidDataException">It is one.</exception>
    public static void RefusePickle(string path)
    {
        using FileStream stream = File.OpenRead(path);
        bool pickled = stream.ReadByte() == 0x80 && stream.ReadByte() is >= 2 and <= 5;
        if (pickled || PickleEndings.Contains(Path.GetExtension(path).ToLowerInvariant()))
        {
            throw new InvalidDataException($"{path} is a Python pickle, which can run code when loaded and is never read. Convert it once where you trust it: for images np.save('images.npy', array_of_uint8), for statistics np.savez('stats.npz', mu=mu, sigma=sigma); of CIFAR-10 take the binary version.");
        }
    }

    private static IImageSource OpenFolder(string path)
    {
        string[] cifar = CifarImageSource.TrainingBatches(path);
        return cifar.Length > 0 ? new CifarImageSource(path, cifar) : new FolderImageSource(path);
    }

    private static IImageSource OpenFile(string path, PixelRange? range)
    {
        if (LinkedFile.Of(path).Length == 0)
        {
            throw new InvalidDataException($"{path} is empty (0 bytes).");
        }

        RefusePickle(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".npz" => OpenNpz(path, range),
            ".npy" => ArrayImageSource.OfNpy(path, range),
            ".bin" => new CifarImageSource(path, [path]),
            { } ending when ImageFiles.Endings.Contains(ending) => throw new InvalidDataException($"{path} is a single image; give the folder that holds the images."),
            _ when LooksLikeIdx(path) => new IdxImageSource(path),
            _ => throw new InvalidDataException($"{path} is of no known format; expected {Kinds}."),
        };
    }

    private static ArrayImageSource OpenNpz(string path, PixelRange? range)
    {
        using (NpzFile file = NpzFile.Open(path))
        {
            if (!file.Contains(ArrayImageSource.BatchArray) && file.Contains(StatisticsFile.Mean))
            {
                throw new InvalidDataException($"{path} holds statistics (mu, sigma) and no images (arr_0).");
            }
        }

        return ArrayImageSource.OfNpz(path, range: range);
    }

    private static bool LooksLikeIdx(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return IdxImageSource.IsCompressed(path) || (stream.ReadByte() == 0 && stream.ReadByte() == 0);
    }
}
