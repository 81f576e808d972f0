using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BatchEval.Core.Json;

/// <summary>What a member of a data record may hold, or each element of a list. Reader, schema and documentation take it from here.</summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class ConstraintAttribute : Attribute
{
    /// <summary>What is allowed, in words that follow "allowed:".</summary>
    public abstract string Words { get; }

    /// <summary>Whether a value of the member's type is allowed.</summary>
    public abstract bool Allows(JsonElement value);

    public abstract void Describe(JsonObject schema);

    /// <summary>What to tell a person about a value of the member's type, or null where it is allowed.</summary>
    public virtual string? Violation(JsonElement value) => Allows(value) ? null : $"is {JsonWords.Shown(value)}; allowed: {Words}.";
}

/// <summary>Bounds of a number.</summary>
/// <param name="low">Smallest value.</param>
/// <param name="high">Largest value.</param>
public sealed class BoundsAttribute(double low, double high = double.PositiveInfinity) : ConstraintAttribute
{
    /// <summary>True where <c>low</c> itself is not allowed.</summary>
    public bool Above { get; init; }

    public override string Words => (Above, double.IsInfinity(high)) switch
    {
        _ when low == high => $"{low}",
        (false, false) => $"{low} to {high}",
        (false, true) => $"at least {low}",
        (true, false) => $"above {low}, at most {high}",
        (true, true) => $"above {low}",
    };

    public override bool Allows(JsonElement value) => value.GetDouble() is var number && (Above ? number > low : number >= low) && number <= high;

    public override void Describe(JsonObject schema)
    {
        schema[Above ? "exclusiveMinimum" : "minimum"] = low;
        if (!double.IsInfinity(high))
        {
            schema["maximum"] = high;
        }
    }
}

/// <summary>The form of a text.</summary>
public sealed class PatternAttribute(string expression, string words) : ConstraintAttribute
{
    public override string Words => words;

    public override bool Allows(JsonElement value) => Regex.IsMatch(value.GetString()!, expression);

    public override void Describe(JsonObject schema) => schema["pattern"] = expression;
}

/// <summary>Names from a list that another type keeps.</summary>
public sealed class NamedInAttribute(Type holder, string property) : ConstraintAttribute
{
    private IEnumerable<string> Names =>
        ((IEnumerable)holder.GetProperty(property, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!).Cast<string>();

    public override string Words => string.Join(", ", Names);

    public override bool Allows(JsonElement value) => Names.Contains(value.GetString());

    public override void Describe(JsonObject schema) => schema["enum"] = new JsonArray([.. Names.Select(n => JsonValue.Create(n))]);
}
