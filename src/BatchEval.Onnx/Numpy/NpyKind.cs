namespace BatchEval.Onnx.Numpy;

/// <summary>Element types this program reads and writes; the comment names the NumPy code of each.</summary>
public enum NpyKind
{
    /// <summary>b1: one byte, 0 or 1.</summary>
    Boolean,

    /// <summary>u1.</summary>
    UInt8,

    /// <summary>i1.</summary>
    Int8,

    /// <summary>i4.</summary>
    Int32,

    /// <summary>i8.</summary>
    Int64,

    /// <summary>f2: IEEE half precision.</summary>
    Float16,

    /// <summary>f4.</summary>
    Float32,

    /// <summary>f8.</summary>
    Float64,
}
