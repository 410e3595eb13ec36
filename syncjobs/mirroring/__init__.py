"""Reading an account into the mirror: a job of its own after linking, and the first stages of an import.

    counting          is anybody there? a mirror that is young enough is not read again      one call or none
    exporting         an export of everybody is started                                     one call
    exporting_there   one look at the account's activities                                  a few
    downloading       the file is kept in pieces, for the provider's link may die           one call
    reading_export    some thousand rows a step
    asking_optouts    who unsubscribed since, where the mirror was young enough             one a page
    asking_deleted    who was deleted there                                                 one a page
    clearing          who was not met any more

The account is read by one job at a time; another one waits for it and finds a young mirror. Whichever way, who
opted out and who was deleted is asked for anew before an import compares.
"""
