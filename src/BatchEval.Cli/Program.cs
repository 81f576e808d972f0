using System.CommandLine;

var root = new RootCommand("Searches fast sampling schedules for diffusion models.");
return await root.Parse(args).InvokeAsync();
