using BatchEval.Core.Metrics;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace BatchEval.Core.Tests.Metrics;

public class FrechetDistanceTests
{
    [Fact]
    public void Means_zero_and_one_with_identity_covariances_in_2048_dimensions_are_exactly_2048()
    {
        // pytorch-fid tests/test_fid_score.py.
        const int D = 2048;
        var identity = new double[D * D];
        for (var i = 0; i < D; i++) identity[(i * D) + i] = 1;
        var ones = new double[D];
        Array.Fill(ones, 1.0);
        var reference = new FrechetReference(new GaussianStatistics(ones, identity, 0), 2);
        reference.DistanceTo(new GaussianStatistics(new double[D], identity, 0)).ShouldBe(2048.0);
    }

    [Fact]
    public void Diagonal_covariances_have_the_closed_form()
    {
        // |mu|^2 + sum (sqrt(a_i) - sqrt(b_i))^2.
        double[] a = [4, 9, 0, 1e-6, 2], b = [1, 16, 3, 1e-8, 0], mean = [1, 0, 0, -2, 0];
        var expected = 5 + a.Zip(b, (x, y) => Math.Pow(Math.Sqrt(x) - Math.Sqrt(y), 2)).Sum();
        TestFeatures.Frechet(new GaussianStatistics(mean, Diagonal(a), 0), new GaussianStatistics(new double[5], Diagonal(b), 0)).ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void Equal_means_or_equal_covariances_alone_are_no_distance_zero()
    {
        // |mu|^2 = 9 with the same covariance, and 2 (2 - 1)^2 with the same mean
        var one = new GaussianStatistics([0, 0], Diagonal([1, 1]), 0);
        TestFeatures.Frechet(new GaussianStatistics([3, 0], Diagonal([1, 1]), 0), one).ShouldBe(9, 1e-12);
        TestFeatures.Frechet(new GaussianStatistics([0, 0], Diagonal([4, 4]), 0), one).ShouldBe(2, 1e-12);
    }

    [Fact]
    public void A_set_has_distance_zero_to_itself()
    {
        var few = TestFeatures.Normal(40, 100, 1);
        var many = TestFeatures.Normal(400, 100, 1);
        foreach (var set in new[] { few, many })
        {
            var statistics = MomentAccumulator.Of(set).ToStatistics();
            new FrechetReference(statistics).DistanceTo(statistics).ShouldBe(0);
            TestFeatures.Frechet(set, set).ShouldBe(0, 1e-11 * statistics.Trace);
        }
    }

    [Fact]
    public void The_trace_of_the_root_of_a_rank_deficient_square_is_the_trace()
    {
        // The exactness test of FastFID, without the shortcut for equal inputs: the last bit of the mean differs.
        var x = TestFeatures.Normal(50, 200, 3, 1, 0, 0.5);
        var statistics = MomentAccumulator.Of(x).ToStatistics();
        var mean = (double[])statistics.Mean.Clone();
        mean[0] += 1e-9;
        var other = new GaussianStatistics(mean, statistics.Covariance, 50);
        TestFeatures.Frechet(other, statistics).ShouldBe(0, 1e-11 * statistics.Trace);
        new FrechetReference(other).DistanceTo(x).ShouldBe(0, 1e-11 * statistics.Trace);
    }

    [Theory]
    [InlineData(60, 500, 100)]
    [InlineData(99, 300, 100)]
    [InlineData(100, 300, 100)]
    [InlineData(2, 300, 100)]
    [InlineData(60, 70, 100)]
    [InlineData(500, 60, 100)]
    [InlineData(300, 400, 40)]
    public void All_routes_agree_to_1e_minus_9(int n, int referenceCount, int d)
    {
        var (x, y) = (TestFeatures.Normal(n, d, 1, 1, 0.3, 0.4), TestFeatures.Normal(referenceCount, d, 2, 1.3, 0, 0.7));
        var (sx, sy) = (MomentAccumulator.Of(x).ToStatistics(), MomentAccumulator.Of(y).ToStatistics());
        var dense = TestFeatures.Frechet(sx, sy);
        TestFeatures.Frechet(sy, sx).ShouldBe(dense, 1e-9 * dense);
        TestFeatures.Frechet(x, y).ShouldBe(dense, 1e-9 * dense);
        new FrechetReference(sy).DistanceTo(x).ShouldBe(dense, 1e-9 * dense);
        new FrechetReference(sy, 2).DistanceByGram(x).ShouldBe(dense, 1e-9 * dense);
        new FrechetReference(sy, 3).DistanceTo(x).ShouldBe(new FrechetReference(sy).DistanceTo(x));
    }

    [Fact]
    public void Full_rank_distance_agrees_with_the_definition_by_MathNet()
    {
        const int D = 60;
        var a = MomentAccumulator.Of(TestFeatures.Normal(300, D, 1, 1, 0.2, 0.6)).ToStatistics();
        var b = MomentAccumulator.Of(TestFeatures.Normal(200, D, 2, 0.8, 0, 0.2)).ToStatistics();
        var root = SquareRoot(DenseMatrix.OfColumnMajor(D, D, a.Covariance));
        var trace = SquareRoot(root * DenseMatrix.OfColumnMajor(D, D, b.Covariance) * root).Trace();
        var expected = a.Mean.Zip(b.Mean, (x, y) => (x - y) * (x - y)).Sum() + a.Trace + b.Trace - (2 * trace);
        TestFeatures.Frechet(a, b).ShouldBe(expected, 1e-10 * expected);
    }

    [Fact]
    public void Distance_is_symmetric_not_negative_and_blind_to_order() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var (n1, n2, d) = (2 + (seed % 60), 2 + (seed / 60 % 60), 1 + (seed / 3600 % 30));
            var (x, y) = (TestFeatures.Normal(n1, d, (ulong)seed), TestFeatures.Normal(n2, d, (ulong)seed + 1, 1.5, 0.5));
            var forward = TestFeatures.Frechet(x, y);
            var tolerance = 1e-9 * (1 + forward);
            return forward >= 0
                && Math.Abs(forward - TestFeatures.Frechet(y, x)) <= tolerance
                && Math.Abs(forward - TestFeatures.Frechet(TestFeatures.Permuted(x, (ulong)seed), y)) <= tolerance;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Dead_features_need_no_epsilon()
    {
        // Channels that are constant 0 make scipy's root singular; here they count as what they are.
        var alive = TestFeatures.Normal(200, 10, 4);
        var padded = new float[200 * 25];
        for (var i = 0; i < 200; i++) alive.Row(i).CopyTo(padded.AsSpan(i * 25));
        var reference = TestFeatures.Normal(300, 10, 5, 2);
        var paddedReference = new float[300 * 25];
        for (var i = 0; i < 300; i++) reference.Row(i).CopyTo(paddedReference.AsSpan(i * 25));
        var expected = TestFeatures.Frechet(alive, reference);
        TestFeatures.Frechet(new FeatureMatrix(padded, 200, 25), new FeatureMatrix(paddedReference, 300, 25)).ShouldBe(expected, 1e-11 * expected);
        TestFeatures.Frechet(new FeatureMatrix(padded, 200, 25), new FeatureMatrix(new float[25 * 40], 40, 25)).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Dead_features_on_one_side_only_cost_no_accuracy()
    {
        // The reference has full rank, so the candidate's zero eigenvalues show up as rounding errors unless its own factor is used.
        var alive = TestFeatures.Normal(200, 10, 4);
        var padded = new float[200 * 25];
        for (var i = 0; i < 200; i++) alive.Row(i).CopyTo(padded.AsSpan(i * 25));
        var candidate = MomentAccumulator.Of(new FeatureMatrix(padded, 200, 25)).ToStatistics();
        var reference = MomentAccumulator.Of(TestFeatures.Normal(300, 25, 5, 2, 0, 0.5)).ToStatistics();
        var expected = TestFeatures.Frechet(reference, candidate);
        TestFeatures.Frechet(candidate, reference).ShouldBe(expected, 1e-13 * expected);
    }

    [Fact]
    public void Too_few_samples_and_different_dimensions_are_refused_by_name()
    {
        var x = TestFeatures.Normal(10, 5, 1);
        var reference = new FrechetReference(MomentAccumulator.Of(x).ToStatistics());
        Should.Throw<ArgumentException>(() => reference.DistanceTo(x.Slice(0, 1))).Message.ShouldContain("at least two samples");
        Should.Throw<ArgumentException>(() => reference.DistanceTo(TestFeatures.Normal(10, 6, 1))).Message.ShouldContain("same layer");
    }

    private static Matrix<double> SquareRoot(Matrix<double> a)
    {
        var evd = a.Evd(Symmetricity.Symmetric);
        return evd.EigenVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(evd.EigenValues.Map(z => Math.Sqrt(Math.Max(0, z.Real)))) * evd.EigenVectors.Transpose();
    }

    private static double[] Diagonal(double[] values)
    {
        var matrix = new double[values.Length * values.Length];
        for (var i = 0; i < values.Length; i++) matrix[i * (values.Length + 1)] = values[i];
        return matrix;
    }
}
