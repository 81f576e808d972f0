using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>Images of the binary version of CIFAR-10: records of one label byte (0 to 9) and 3 x 32 x 32 bytes, red plane first.</summary>
internal sealed class CifarImageSource : IImageSource
{
    private const int Side = 32;
    private const int Record = 1 + (3 * Side * Side);
    private static readonly ArrayLayout Layout = new(3, Side, Side, true);

    private readonly string[] files;

    /// <summary>Checks the files' lengths.</summary>
    /// <param name="name">Name of the whole, for messages.</param>
    /// <param name="files">At least one file.</param>
    /// <exception cref="InvalidDataException">A file is no whole number of records.</exception>
    public CifarImageSource(string name, IReadOnlyList<string> files)
    {
        (Name, this.files) = (name, [.. files]);
        long count = 0;
        foreach (string file in this.files)
        {
            long length = LinkedFile.Of(file).Length;
            if (length == 0 || length % Record != 0)
            {
                throw new InvalidDataException($"{file} has {length} bytes, which is no whole number of CIFAR-10 records of {Record} bytes: it is truncated, or another format.");
            }

            count += length / Record;
        }

        Count = checked((int)count);
        Identity = SourceIdentity.OfFiles("cifar", Path.GetDirectoryName(Path.GetFullPath(this.files[0]))!, this.files);
    }

    public string Name { get; }

    public int Count { get; }

    public string Identity { get; }

    /// <summary>The training batches in a folder, sorted, or nothing; the test batch is read only when its file is named.</summary>
    public static string[] TrainingBatches(string folder) => [.. Directory.EnumerateFiles(folder, "data_batch_*.bin").Order(StringComparer.Ordinal)];

    public IEnumerable<RgbImage> Read(int first = 0)
    {
        var record = new byte[Record];
        int index = 0;
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            for (; stream.ReadAtLeast(record, Record, throwOnEndOfStream: false) == Record; index++)
            {
                if (record[0] > 9)
                {
                    throw new InvalidDataException($"{file} is no binary CIFAR-10 file: the label before image {index} is {record[0]}; allowed: 0 to 9.");
                }

                if (index >= first)
                {
                    yield return Layout.ToImage(record.AsSpan(1), 0);
                }
            }
        }
    }
}
