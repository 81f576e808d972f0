using BatchEval.Core.Metrics;
using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Numpy;

public class StatisticsFileTests
{
    private static readonly GaussianStatistics Statistics = new([1, 2.5], [2, 0.5, 0.5, 1], 1000);

    [Fact]
    public void Statistics_come_back_bit_for_bit()
    {
        GaussianStatistics read = Read(Bytes(Statistics));

        read.Mean.ShouldBe(Statistics.Mean);
        read.Covariance.ShouldBe(Statistics.Covariance);
        read.Count.ShouldBe(1000);
    }

    [Fact]
    public void An_unknown_count_is_left_out_and_read_as_zero()
    {
        byte[] bytes = Bytes(new GaussianStatistics([1], [1], 0));

        using NpzFile file = NpzFile.Open(new MemoryStream(bytes), "x");
        file.Names.ShouldBe(["mu", "sigma"]);
        Read(bytes).Count.ShouldBe(0);
    }

    [Fact]
    public void Files_of_the_peers_are_read()
    {
        string path = Path.Combine(RepoPaths.Samples, "digits", "ref_stats.npz");

        StatisticsFile.Read(path).Dimensions.ShouldBe(64);
        StatisticsFile.Read(path, "mu_test", "sigma_test", 360).Mean.ShouldNotBe(StatisticsFile.Read(path).Mean);
    }

    [Fact]
    public void A_count_from_a_manifest_is_taken_as_it_is()
    {
        string path = Path.Combine(RepoPaths.Samples, "digits", "ref_stats.npz");

        StatisticsFile.Read(path, "mu_test", "sigma_test", 360).Count.ShouldBe(360);
        Should.Throw<InvalidDataException>(() => StatisticsFile.Read(path, "mu", "sigma", 1)).Message.ShouldContain(path);
    }

    [Fact]
    public void Shapes_and_types_that_do_not_fit_are_refused_by_name()
    {
        Refusal(("mu", NpyArray.From([1.0, 2], 2)), ("sigma", NpyArray.From([1.0, 2], 2))).ShouldContain("[2, 2] is needed");
        Refusal(("mu", NpyArray.From([1.0, 2], 1, 2)), ("sigma", NpyArray.From(new double[4], 2, 2))).ShouldContain("x.npz[mu] has shape [1, 2]");
        Refusal(("mu", NpyArray.From([1, 2], 2)), ("sigma", NpyArray.From(new double[4], 2, 2))).ShouldContain("Int32");
        Refusal(("mu", NpyArray.From([1.0, 2], 2))).ShouldContain("no array 'sigma'");
        Refusal(("mu", NpyArray.From([1, double.NaN], 2)), ("sigma", NpyArray.From([1.0, 0, 0, 1], 2, 2))).ShouldContain("finite");
        Refusal(("mu", NpyArray.From([1.0], 1)), ("sigma", NpyArray.From([1.0], 1, 1)), ("count", NpyArray.From([0.5], 1))).ShouldContain("positive integer");
    }

    [Fact]
    public void Single_precision_files_are_widened()
    {
        using var stream = new MemoryStream();
        NpzWriter.Write(stream, [("mu", NpyArray.From([0.5f], 1)), ("sigma", NpyArray.From([2f], 1, 1))]);

        Read(stream.ToArray()).Covariance.ShouldBe([2.0]);
    }

    private static string Refusal(params (string, NpyArray)[] arrays)
    {
        using var stream = new MemoryStream();
        NpzWriter.Write(stream, arrays);
        return Should.Throw<InvalidDataException>(() => Read(stream.ToArray())).Message;
    }

    private static GaussianStatistics Read(byte[] bytes) => StatisticsFile.Read(new MemoryStream(bytes), "x.npz");

    private static byte[] Bytes(GaussianStatistics statistics)
    {
        using var stream = new MemoryStream();
        StatisticsFile.Write(stream, statistics);
        return stream.ToArray();
    }
}
