using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>The image files of a folder and its subfolders, sorted by name; hidden files are left out.</summary>
internal sealed class FolderImageSource : IImageSource
{
    // Files decoded side by side; the next ones wait until these are used.
    private const int Chunk = 32;

    private readonly string[] files;

    /// <summary>Lists a folder.</summary>
    /// <exception cref="InvalidDataException">No image, images of other formats among them, or a folder that does not give each file once.</exception>
    public FolderImageSource(string folder)
    {
        Name = folder;
        files = EncodedImages.Choose(FolderListing.Files(folder), $"'{folder}'");
        if (files.Length == 0)
        {
            throw new InvalidDataException($"'{folder}' holds 0 images ({string.Join(", ", ImageFiles.Endings)}).");
        }

        Identity = SourceIdentity.OfFiles("folder", folder, files);
    }

    public string Name { get; }

    public int Count => files.Length;

    public string Identity { get; }

    public string NameOf(long index) => files[index];

    public IEnumerable<RgbImage> Read(int first = 0) =>
        this.files.Skip(first).Chunk(Chunk).SelectMany(files => EncodedImages.DecodeAll(files, File.ReadAllBytes));
}
