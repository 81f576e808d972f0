using System.Diagnostics;
using System.Globalization;
using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Numpy;

// Processor seconds of one Frechet distance from features, moments included, against a reference of which mean and covariance are known:
// what 'batcheval fid stats.npz features.npy' computes. With a folder, the features are left there for frechet_scipy.py.
//   FrechetBenchmark <samples> [dimensions = 2048] [threads = 1] [folder]
var count = int.Parse(args[0], CultureInfo.InvariantCulture);
var dimensions = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2048;
var threads = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1;
const int Repetitions = 3;
const int WarmUp = 300;

var features = Features(count, dimensions, seed: 1, shift: 0.05f);
var reference = MomentAccumulator.Of(Features(Math.Max(count, dimensions + 500), dimensions, seed: 2, shift: 0), threads).ToStatistics();
if (args.Length > 3)
{
    Directory.CreateDirectory(args[3]);
    NpyFormat.WriteFile(Path.Combine(args[3], "features.npy"), NpyArray.From(features.Values, count, dimensions));
    StatisticsFile.Write(Path.Combine(args[3], "reference.npz"), reference);
}

// Compiles everything before the clock runs.
_ = new FrechetReference(MomentAccumulator.Of(Features(WarmUp, 64, 3, 0)).ToStatistics()).DistanceTo(Features(40, 64, 4, 0));
_ = new FrechetReference(MomentAccumulator.Of(Features(WarmUp, 64, 3, 0)).ToStatistics()).DistanceTo(Features(WarmUp, 64, 4, 0));
var best = double.PositiveInfinity;
var distance = 0.0;
for (var i = 0; i < Repetitions; i++)
{
    var before = Process.GetCurrentProcess().TotalProcessorTime;
    distance = new FrechetReference(reference, threads).DistanceTo(features);
    best = Math.Min(best, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"n {count}, d {dimensions}, {threads} thread(s): FID {distance:G12}, {best:F3} processor seconds, best of {Repetitions}"));

// Correlated neighbours and scales that fall, so that the covariance is no multiple of the identity.
static FeatureMatrix Features(int n, int d, ulong seed, float shift)
{
    var values = new float[n * d];
    var noise = new NoiseBank(seed);
    for (var i = 0; i < n; i++)
    {
        var row = values.AsSpan(i * d, d);
        noise.Fill(i, 0, row);
        for (var j = 0; j < d - 1; j++) row[j] = ((row[j] + (0.5f * row[j + 1])) / (1 + (4f * j / d))) + shift;
    }

    return new FeatureMatrix(values, n, d);
}
