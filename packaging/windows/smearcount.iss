; Installer for Windows: iscc /DVersion=0.1.0 packaging\windows\smearcount.iss, after make freeze.

#ifndef Version
  #error Name the version: iscc /DVersion=...
#endif

[Setup]
AppId={{6D0E4C62-5C3B-4B52-9C0D-5B9A0A0C5E11}
AppName=SmearCount
AppVersion={#Version}
AppPublisher=SmearCount contributors
DefaultDirName={autopf}\SmearCount
DefaultGroupName=SmearCount
DisableProgramGroupPage=yes
; a technician without the rights of an administrator installs for themselves
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
Compression=lzma2/max
SolidCompression=yes
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=SmearCount-{#Version}-windows-x86_64
SetupIconFile=..\..\build\freeze\icons\smearcount.ico
UninstallDisplayIcon={app}\smearcount.exe
ChangesAssociations=yes
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[Files]
Source: "..\..\dist\smearcount\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\SmearCount"; Filename: "{app}\smearcount.exe"
Name: "{autodesktop}\SmearCount"; Filename: "{app}\smearcount.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\.smearcount"; ValueType: string; ValueData: "SmearCount.Session"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\SmearCount.Session"; ValueType: string; ValueData: "SmearCount session"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\SmearCount.Session\DefaultIcon"; ValueType: string; ValueData: "{app}\smearcount.exe,0"
Root: HKA; Subkey: "Software\Classes\SmearCount.Session\shell\open\command"; ValueType: string; ValueData: """{app}\smearcount.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\.smearprofile"; ValueType: string; ValueData: "SmearCount.Profile"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\SmearCount.Profile"; ValueType: string; ValueData: "SmearCount profile"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\SmearCount.Profile\DefaultIcon"; ValueType: string; ValueData: "{app}\smearcount.exe,0"
Root: HKA; Subkey: "Software\Classes\SmearCount.Profile\shell\open\command"; ValueType: string; ValueData: """{app}\smearcount.exe"" ""%1"""
; offered under "Open with" for pictures, without taking them from the program that opens them now
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\shell\open\command"; ValueType: string; ValueData: """{app}\smearcount.exe"" ""%1"""; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpg"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpeg"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".png"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".bmp"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".tif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".tiff"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".webp"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpe"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jfif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jhc"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jph"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".ptiff"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".ptif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".apng"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".mpo"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".dib"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".btf"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".heic"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".heif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".hif"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jp2"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".j2k"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".j2c"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpc"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpf"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".jpx"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".ppm"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".pgm"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".pbm"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\smearcount.exe\SupportedTypes"; ValueType: string; ValueName: ".pnm"; ValueData: ""

[Run]
Filename: "{app}\smearcount.exe"; Description: "{cm:LaunchProgram,SmearCount}"; Flags: nowait postinstall skipifsilent
