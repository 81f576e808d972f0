namespace BatchEval.Cli.Storage;

/// <summary>How much room a folder's disk has.</summary>
internal static class DiskSpace
{
    /// <summary>For example "'/data/.azurite' has 12 MB free"; says so where that cannot be told.</summary>
    public static string Of(string folder)
    {
        try
        {
            return string.Create(CultureInfo.InvariantCulture, $"'{folder}' has {new DriveInfo(folder).AvailableFreeSpace / 1e6:0.#} MB free");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"the free space of '{folder}' cannot be told ({error.Message})";
        }
    }
}
