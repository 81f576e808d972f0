using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Writes variants of a model into a folder of their own.</summary>
internal sealed class ExternalModel : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("batcheval-blocks-").FullName;

    public string PathOf(string file) => Path.Combine(Folder, file);

    public string Write(ModelProto model, string file)
    {
        File.WriteAllBytes(PathOf(file), model.ToByteArray());
        return PathOf(file);
    }

    /// <summary>Moves every weight of a model into another file, as exporters do with large ones.</summary>
    public string WriteExternal(ModelProto model, string file, string weights)
    {
        var copy = model.Clone();
        using var data = File.Create(PathOf(weights));
        foreach (var tensor in copy.Graph.Initializer.Where(t => t.RawData.Length > 0))
        {
            Add("location", weights);
            Add("offset", $"{data.Position}");
            Add("length", $"{tensor.RawData.Length}");
            tensor.RawData.WriteTo(data);
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;

            void Add(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        return Write(copy, file);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
