using System.Text;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Evaluation;

/// <summary>Where the computation of statistics stands: the moments of all whole shards so far, and the digest of their images.</summary>
/// <param name="Moments">Moments of the first images, or null before the first shard.</param>
internal sealed record StatisticsState(GaussianMoments? Moments, ImageSetDigest Digest)
{
    public int Done => (int)(Moments?.Count ?? 0);

    /// <summary>Nothing done.</summary>
    public static StatisticsState Empty => new(null, new ImageSetDigest());

    /// <summary>This state with one more shard.</summary>
    public StatisticsState With(GaussianMoments shard) => this with { Moments = Moments is null ? shard : GaussianMoments.Merge(Moments, shard) };

    public void Save(string path, string identity) => AtomicFile.Write(path, stream =>
    {
        GaussianMoments m = Moments!;
        byte[] name = Encoding.UTF8.GetBytes(identity);
        NpzWriter.Write(stream,
        [
            ("identity", NpyArray.From(name, name.Length)),
            ("count", NpyArray.From([m.Count])),
            ("mean", NpyArray.From(m.Mean, m.Dimensions)),
            ("scatter", NpyArray.From(m.Scatter, m.Dimensions, m.Dimensions)),
            ("digest", NpyArray.From(Digest.State, 5)),
        ]);
    });

    /// <summary>Reads a saved state.</summary>
    /// <exception cref="ProblemException">It is damaged, or belongs to another computation.</exception>
    public static StatisticsState Load(string path, string identity)
    {
        try
        {
            using NpzFile file = NpzFile.Open(path);
            if (Encoding.UTF8.GetString(file.Read("identity").Bytes) != identity)
            {
                throw new ProblemException($"The state '{path}' belongs to other images, another network or other settings. Delete it, or name another file.");
            }

            var moments = new GaussianMoments(0, file.Read("count").ToInt64()[0], file.Read("mean").ToFloat64(), file.Read("scatter").ToFloat64());
            var digest = new ImageSetDigest(file.Read("digest").ToInt64());
            return digest.Count == moments.Count ? new StatisticsState(moments, digest) : throw new InvalidDataException("its counts differ.");
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentException)
        {
            throw new ProblemException($"The state '{path}' cannot be used: {error.Message} Delete it, or name another file.");
        }
    }
}
