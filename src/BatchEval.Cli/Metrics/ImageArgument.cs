using BatchEval.Cli.Storage;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Images;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Metrics;

/// <summary>Opens the images that an argument names: something on disk, or <c>blob:</c> and a prefix.</summary>
/// <param name="store">The value of <c>--store</c>, or null.</param>
internal sealed class ImageArgument(Shell shell, string? store) : IAsyncDisposable
{
    private const string BlobScheme = "blob:";
    private StoreAccess? access;

    public static bool IsBlob(string text) => text.StartsWith(BlobScheme, StringComparison.Ordinal);

    /// <summary>Opens images.</summary>
    /// <exception cref="ProblemException">There are none that can be used.</exception>
    public async Task<IImageSource> OpenAsync(string text, CancellationToken cancellation, PixelRange? range = null)
    {
        if (!IsBlob(text))
        {
            return Input.ReadFile(text, shell.PathOf(text), () => ImageSources.Open(shell.PathOf(text), range));
        }

        access ??= await StoreAccess.OpenAsync(store, shell, cancellation);
        return await BlobImageSource.OpenAsync(access.Store, text[BlobScheme.Length..], cancellation);
    }

    public ValueTask DisposeAsync() => access?.DisposeAsync() ?? default;
}
