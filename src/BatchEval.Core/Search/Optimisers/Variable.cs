namespace BatchEval.Core.Search.Optimisers;

/// <summary>One variable of an optimisation.</summary>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value, above <paramref name="Low"/>.</param>
/// <param name="Grid">Distance between neighbouring values of a variable that only takes values on a grid; 0 for a continuous one.</param>
/// <param name="Offset">One value of the grid.</param>
public sealed record Variable(double Low = double.NegativeInfinity, double High = double.PositiveInfinity, double Grid = 0, double Offset = 0)
{
    /// <summary>A variable without bounds.</summary>
    public static Variable Free { get; } = new();

    /// <summary>The nearest value inside the bounds.</summary>
    public double Clamp(double value) => Math.Clamp(value, Low, High);

    /// <summary>Sum of the squared distances of a point to the box that the bounds span.</summary>
    public static double SquaredExcess(IReadOnlyList<Variable> variables, IReadOnlyList<double> point) =>
        variables.Select((v, j) => point[j] - v.Clamp(point[j])).Sum(d => d * d);
}
