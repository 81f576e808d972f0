using BatchEval.Core.Metrics;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Tests.Numpy;

public sealed class NumpyAgreementTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("npy");

    public void Dispose() => folder.Delete(recursive: true);

    [NumpyFact]
    public void Numpy_reads_every_kind_that_we_write()
    {
        foreach (string code in NpyFormatTests.Codes)
        {
            string path = In(code + ".npy");
            NpyFormat.WriteFile(path, NpyFormatTests.Sample(code));
            Ask("a=np.load(sys.argv[1]); print(a.dtype.str[1:], a.shape, a.tobytes().hex())", path)
                .ShouldBe($"{code} (2, 3) {Convert.ToHexStringLower(NpyFormatTests.Sample(code).Bytes)}");
        }
    }

    [NumpyFact]
    public void Numpy_reads_tagged_statistics_as_other_programs_do()
    {
        string path = In("stats.npz");
        var tags = new StatisticsTags("clean 299x299", "net", "images");
        using (FileStream stream = File.Create(path))
        {
            StatisticsFile.Write(stream, new GaussianStatistics([1, 2], [2, 0.5, 0.5, 1], 10), tags);
        }

        Ask("f=np.load(sys.argv[1]); print(f['mu'][:], f['sigma'][:].tolist(), int(f['count']), f['batcheval_preprocessing'].tobytes().decode())", path)
            .ShouldBe("[1. 2.] [[2.0, 0.5], [0.5, 1.0]] 10 clean 299x299");
        StatisticsTags.Read(path).ShouldBe(tags);
    }

    [NumpyFact]
    public void We_read_every_layout_that_numpy_writes()
    {
        string path = In("a.npz");
        Ask("a=np.arange(24.).reshape(2,3,4); np.savez_compressed(sys.argv[1], c=a, f=np.asfortranarray(a), b=a.astype('>f4'), i=a.astype('>i8'), h=a.astype('f2'), t=a>3, s=np.float64(7))", path);

        using NpzFile file = NpzFile.Open(path);
        double[] expected = [.. Enumerable.Range(0, 24).Select(i => (double)i)];
        foreach (string name in (string[])["c", "f", "b", "i", "h"])
        {
            file.Read(name).Shape.ShouldBe([2, 3, 4]);
            file.Read(name).ToFloat64().ShouldBe(expected);
        }

        file.Read("t").AsSpan<bool>().ToArray().ShouldBe([.. expected.Select(v => v > 3)]);
        file.Read("s").ToFloat64().ShouldBe([7]);
    }

    [NumpyFact]
    public void Pickled_objects_of_numpy_are_refused()
    {
        string path = In("o.npy");
        Ask("np.save(sys.argv[1], np.array([{}, None]), allow_pickle=True)", path);

        Should.Throw<InvalidDataException>(() => NpyFormat.ReadFile(path)).Message.ShouldContain("np.savez(path, mu=mu, sigma=sigma)");
    }

    // The three lines with which pytorch-fid reads a statistics file.
    [NumpyFact]
    public void Numpy_reads_our_statistics_as_pytorch_fid_does()
    {
        string path = In("stats.npz");
        StatisticsFile.Write(path, new GaussianStatistics([1, 2.5], [2, 0.5, 0.5, 1], 1000));

        Ask("f=np.load(sys.argv[1]); m, s = f['mu'][:], f['sigma'][:]; print(m.dtype, m.tolist(), s.tolist(), f['count'].item())", path)
            .ShouldBe("float64 [1.0, 2.5] [[2.0, 0.5], [0.5, 1.0]] 1000");
    }

    private static string Ask(string script, params string[] arguments)
    {
        (int code, string output) = NumpyFactAttribute.Run("import sys, numpy as np; " + script, arguments);
        code.ShouldBe(0, output);
        return output.Trim();
    }

    private string In(string name) => Path.Combine(folder.FullName, name);
}
