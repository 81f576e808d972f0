using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace BatchEval.Core.Json;

/// <summary>A data record whose members constrain each other.</summary>
public interface ICheckedData
{
    /// <summary>What does not fit together; paths are relative to the record. Asked only when every member by itself is allowed.</summary>
    IEnumerable<Problem> Violations();
}

/// <summary>A converter that can also say everything that is wrong with a value, and what a right one looks like.</summary>
internal interface IDataConverter
{
    /// <summary>What is allowed, in words; empty where the description says it.</summary>
    string Words { get; }

    JsonObject Schema { get; }

    /// <summary>Reports everything that is wrong with a value.</summary>
    void Check(JsonElement value, string path, ICollection<Problem> problems);
}

/// <summary>The converter of a type whose JSON is more than its members.</summary>
/// <typeparam name="T">The type.</typeparam>
public abstract class DataConverter<T> : JsonConverter<T>, IDataConverter
{
    public virtual string Words => string.Empty;

    public abstract JsonObject Schema { get; }

    public abstract void Check(JsonElement value, string path, ICollection<Problem> problems);
}
