using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class FeatureMatrixTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_feature_that_is_not_finite_is_refused_with_its_row(float bad)
    {
        var values = new float[7 * 33];
        values[(5 * 33) + 21] = bad;
        var message = Should.Throw<ArgumentException>(() => new FeatureMatrix(values, 7, 33)).Message;
        message.ShouldContain("Feature 21 of row 5");
    }

    [Fact]
    public void A_length_that_does_not_fit_is_refused() =>
        Should.Throw<ArgumentException>(() => new FeatureMatrix(new float[10], 3, 4)).Message.ShouldContain("12 numbers, but 10");

    [Fact]
    public void Slice_and_Select_take_the_right_rows()
    {
        var x = TestFeatures.Matrix(new float[,] { { 0, 1 }, { 2, 3 }, { 4, 5 }, { 6, 7 } });
        x.Slice(1, 2).Values.ToArray().ShouldBe([2f, 3, 4, 5]);
        x.Select([3, 0]).Values.ToArray().ShouldBe([6f, 7, 0, 1]);
        x.Slice(3, 1).Values.ToArray().ShouldBe([6f, 7]);
        Should.Throw<ArgumentOutOfRangeException>(() => x.Slice(3, 2)).Message.ShouldContain("Rows 3 to 4 are not all within 0 to 3");
        Should.Throw<ArgumentOutOfRangeException>(() => x.Slice(-1, 2)).Message.ShouldContain("Rows -1 to 0");
        Should.Throw<ArgumentOutOfRangeException>(() => x.Slice(1, 0)).Message.ShouldContain("Rows 1 to 0");
        Should.Throw<ArgumentOutOfRangeException>(() => x.Row(4)).Message.ShouldContain("There are 4 rows");
    }
}
