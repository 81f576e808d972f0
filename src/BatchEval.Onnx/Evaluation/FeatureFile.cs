using System.Runtime.InteropServices;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Features written row by row into a <c>.npy</c> file that gets its name only when it is complete.</summary>
internal sealed class FeatureFile : IDisposable
{
    private readonly string path;
    private readonly FileStream stream;

    /// <summary>Begins a file, or goes on with one.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="count">Rows in the end.</param>
    /// <param name="dimensions">Numbers per row.</param>
    /// <param name="done">Rows that are there already.</param>
    /// <exception cref="ProblemException">Fewer rows are there than that.</exception>
    public FeatureFile(string path, int count, int dimensions, int done)
    {
        this.path = path;
        byte[] header = NpyHeader.ToBytes(NpyKind.Float32, [count, dimensions]);
        long position = header.Length + ((long)done * dimensions * sizeof(float));
        stream = new FileStream(Partial, done == 0 ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.Write);
        if (stream.Length < position && done > 0)
        {
            stream.Dispose();
            throw new ProblemException($"'{Partial}' lacks features of images that the saved state counts as done. Delete the state to begin again.");
        }

        stream.Write(header);
        stream.SetLength(position);
        stream.Position = position;
    }

    private string Partial => path + ".part";

    public void Add(float[] rows) => stream.Write(MemoryMarshal.AsBytes(rows.AsSpan()));

    /// <summary>Makes everything so far lasting.</summary>
    public void Flush() => stream.Flush(flushToDisk: true);

    /// <summary>Gives the complete file its name.</summary>
    public void Complete()
    {
        Flush();
        stream.Dispose();
        File.Move(Partial, path, overwrite: true);
    }

    /// <summary>Removes what was written.</summary>
    public void Discard()
    {
        stream.Dispose();
        File.Delete(Partial);
    }

    public void Dispose() => stream.Dispose();
}
